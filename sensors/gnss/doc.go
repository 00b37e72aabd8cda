// Package gnss makes a satellite receiver a sensor: its position is two points
// like any other, and its time is offered to the clock. It reads gpsd's JSON
// protocol or NMEA 0183 sentences. It guarantees that a position is given once,
// with the time at which it arrived, and only while the receiver says that it
// has a fix; that nobody who reads a point waits for the receiver; and that a
// time is offered only when it is a possible one and has run evenly with our own
// clock.
package gnss

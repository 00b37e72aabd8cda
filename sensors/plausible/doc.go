// Package plausible looks at the readings of all drivers in one place and
// doubts those that the medium cannot have given: out of the point's range, too
// fast, unmoved while its siblings move, at odds with the room's second probe,
// temperature and humidity exchanged, or exactly a neighbour's value. It
// guarantees that it never touches a value, never makes a bad or uncertain
// reading better, and that its verdict depends on the readings and their times
// alone.
package plausible

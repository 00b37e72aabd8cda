// Package trips keeps the trips of trucks: it reads what is known of a truck,
// from the store and from county.db, has alerting/trip work its trips out, and
// writes them down. It guarantees that a reading or booking that comes late is
// in the trips a few minutes after it is stored, as if it had come in time.
package trips

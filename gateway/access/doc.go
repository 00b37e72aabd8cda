// Package access says who may do what: roles, how far they reach, and one table
// of every route of the page. It is pure: no I/O, no clock, and whoever asks
// brings the time. It guarantees that what is in no row of the table is
// nobody's.
package access

// Package sensors says what a measurement is. It turns what buses deliver
// into readings with a quality, and guarantees that a reading that is not
// trustworthy carries no value at all: there is no number that means "failed".
package sensors

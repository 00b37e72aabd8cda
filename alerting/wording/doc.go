// Package wording puts a decided message into the words of the people who read
// it, in Chinese and English: place as they say it, what is wrong, since when,
// how long is left, which batches, what to do now. It is pure. It guarantees
// that the short form is never longer than one short message of 70 UTF-16 units
// and always names a place and what is wrong there.
package wording

// Package duty decides who is to be told what, when and by which channel: the
// roster, the escalation, the folding of alarms that have one cause, caps and
// digests, shelving, and the steps by which people answer. It is pure: time and
// everything known are parameters. It guarantees that the same past and the
// same moment give the same messages, so that a restart, a repetition or
// another order of arrival neither repeats a message nor forgets one.
package duty

// Package install holds what an installer does at a site: scan finds what
// hangs on a bus, probe reads what is configured, commission compares each
// point with a reference and keeps the proof. It guarantees that a Modbus
// slave is only ever read from, that no file is overwritten, and that what was
// not seen is not claimed: a guess is shown with its rivals.
package install

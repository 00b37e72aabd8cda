// Package retention removes readings and rollups that nobody has to keep any
// more, and keeps what a signed certificate used. It guarantees that a frozen
// range is never removed, that nothing is removed on the word of a clock that
// is not to be believed, and that of every frozen range a copy is kept outside
// the store, readable without it. DESIGN.md tells why.
package retention

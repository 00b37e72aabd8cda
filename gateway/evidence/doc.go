// Package evidence makes the certificate of a batch's temperatures
// (冷链温度记录证明), signs it with the county's key and verifies one without any
// server. It guarantees that whoever holds a certificate and the county's
// public key finds out whether a single value of it was changed, and which;
// and with the frozen readings beside it, whether they are the ones it was made
// from. DESIGN.md has the forms byte by byte.
package evidence

// Package pin is what a person proves on a shared device with: four digits. It
// says which four will do, keeps them as slow salted hashes only, and how long
// wrong ones have to be waited for. It guarantees that no text, log line or
// error of it holds a PIN.
package pin

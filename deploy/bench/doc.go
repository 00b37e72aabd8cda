// Package bench measures what the gateway costs beside what it replaces, in
// one run on one machine: make bench. It guarantees nothing but honest
// numbers; no test of it fails on a time.
package bench

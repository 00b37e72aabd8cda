// Package wire is what an edge agent and the collector share: topics, records
// and messages, as bytes. It guarantees that what is decoded equals what was
// encoded, value and millisecond, and that hostile bytes are rejected with a
// reason and never guessed at. DESIGN.md describes the format.
package wire

// Package state is the county's memory of everything but readings: alarms,
// batches and their custody, what each gateway has delivered, what the alarm
// engine was thinking, and who changed what. It lives in one SQLite file,
// county.db. It guarantees that a method that returned without error is
// durable, whole and attributed: a change of state and the hash-chained audit
// row naming its actor are in the same transaction, or neither is there.
// DESIGN.md describes the file and the audit's form.
package state

// Package journal is the edge's durable run of records, delivered or not, in
// one SQLite file. It guarantees that a record is on disk when Append returns,
// under a sequence number that is never given twice in an epoch, and that no
// record leaves the file before the county has confirmed it. DESIGN.md says
// what happens when things fail.
package journal

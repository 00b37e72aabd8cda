// Package demo is the demonstration county as data: its sites, rooms, devices,
// goods and the one thing that goes wrong. It guarantees that configuration,
// simulated devices and batches speak of the same places, and that whatever
// the simulated devices answered can be held against what was stored.
// All people and firms are fictitious.
package demo

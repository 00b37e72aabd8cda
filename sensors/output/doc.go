// Package output drives the siren and the beacon at a site, and nothing else.
// It guarantees that an output counts as switched only when its state was read
// back, that one that could not be switched is told and tried again until it
// is, and that nothing here has a word for a refrigeration machine.
package output

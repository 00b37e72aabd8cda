// Package outbox sends what was decided: it takes messages out of the county's
// state, hands them to channels, and writes down what became of each try. It
// guarantees that a message is tried until enough of its channels have taken it
// or nothing more can be done, across restarts; that a channel's limits are
// kept by merging and never by dropping; and that a slow channel holds no other
// one up.
package outbox

// Package sim is the simulated county: rooms and truck boxes as heat balances
// that real thermostats, doors, weather and faults work on. It guarantees that
// the state at a time depends on nothing but the plan (its seed, start and
// faults) and that time: asking often, seldom, twice or backwards never
// changes an answer.
package sim

// Package exposure puts a batch's exposure together from what the county has:
// where it lay, what was measured there, what gateways declared missing. It
// also judges a logger's file without a county. It guarantees that the same
// readings, stays and profile give the same exposure, to the last bit.
package exposure

// Package calibration keeps the calibration records of a site's probes and
// applies them. It guarantees that a correction comes from a complete record,
// entered by a named person, in a file in which every later change is noticed;
// that it reaches no reading from before it was valid or entered; and that the
// device's own number stays beside the corrected one.
package calibration

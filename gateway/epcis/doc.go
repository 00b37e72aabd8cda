// Package epcis tells a batch's history in the words of GS1: EPCIS 2.0 events
// in JSON-LD with the vocabulary of CBV 2.0, each named by the hash of what it
// says. It is pure, and guarantees that nothing is invented: a batch without a
// GTIN of its own is named by an address of the county's, an interval without
// readings has no sensor values, and a document that Check finds wrong is not
// given out.
package epcis

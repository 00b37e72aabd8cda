// Package web is what people and other programs see of a county: an HTTP API,
// live events and the page. It guarantees that a value never leaves without
// the time it was measured at and the server's present time beside it, that a
// reading of bad quality leaves as null with its reason, and that no request
// and no slow reader can hold up the collector. DESIGN.md says how.
package web

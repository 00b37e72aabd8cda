// Package page is the edge agent's own page at the site: plain HTTP, no county
// and no network behind it. It shows what the agent knows now, and guarantees
// that a value never stands without its age, that one older than three sampling
// intervals is not shown as present, and that nothing can be changed but the
// siren's sound. See DESIGN.md.
package page

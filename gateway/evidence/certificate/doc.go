// Package certificate draws an evidence.Document as a page and as a PDF, and
// what a consumer may see of it behind its QR code. It guarantees that the two
// say the same: both are drawn from one view, which is made of the signed
// document and of nothing else. ../DESIGN.md tells how the sheet is laid out.
package certificate

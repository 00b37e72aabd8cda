// Package openapi writes the OpenAPI 3.1 document of an HTTP API from a
// description of each route and the Go types that it reads and writes.
package openapi

package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestARouteThatIsNobodysIsFound: it keeps the server from starting.
func TestARouteThatIsNobodysIsFound(t *testing.T) {
	var homeless []string
	add := (&Server{}).guarding(http.NewServeMux(), &homeless)
	add("/api/v1/zones", methods{"GET": http.NotFoundHandler()})
	add("/api/v1/zones/{id}", methods{"GET": http.NotFoundHandler()})
	add("/api/v1/batches", methods{"GET": http.NotFoundHandler(), "PATCH": http.NotFoundHandler()})
	if got := strings.Join(homeless, ", "); got != "GET /api/v1/zones/{id}, PATCH /api/v1/batches" {
		t.Errorf("%q", got)
	}
}

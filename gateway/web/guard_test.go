package web

import (
	"net/http"
	"net/http/httptest"
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

// FuzzPeek: whatever is sent, who reads it afterwards reads all of it, and a zone
// that the handler's own reading finds is one that the door has looked at.
func FuzzPeek(f *testing.F) {
	f.Add(`{"zone":"balagong/mutton-1","move":{"zone":"sirin/box"}}`)
	f.Add(`{"zone":"a/b","ZONE":"c/d","zone":null}`)
	f.Add(`{"zone":1,"zone":"a/b"}`)
	f.Add(`[1,2`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		p, err := peek(r)
		if err != nil {
			t.Fatal(err)
		}
		var in struct {
			Zone string `json:"zone"`
		}
		if readUpTo(len(body), r, &in, false) == nil && in.Zone != p.Zone {
			t.Errorf("the door saw %q, the handler %q", p.Zone, in.Zone)
		}
	})
}

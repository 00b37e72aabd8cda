package influx

import (
	"fmt"
	"net/http"
	"strings"
)

// newHTTPClient returns a client that takes nothing but InfluxDB's own "204 No
// Content" for a durable write.
func newHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 8 // concurrent writers and readers keep their connections
	return &http.Client{
		Transport: strictWrites{t},
		// A redirected POST would become a GET, and a login page's 200 would
		// look like success.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// strictWrites turns any other 2xx answer to a write into an error: a captive
// portal or a proxy answered, not the database.
type strictWrites struct{ *http.Transport }

func (s strictWrites) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.Transport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/api/v2/write") {
		return resp, err
	}
	if resp.StatusCode/100 == 2 && resp.StatusCode != http.StatusNoContent {
		resp.Body.Close()
		return nil, notInflux{resp.Status}
	}
	return resp, nil
}

// notInflux is an answer that InfluxDB does not give.
type notInflux struct{ status string }

func (e notInflux) Error() string {
	return fmt.Sprintf("%q was answered to a write where InfluxDB answers 204", e.status)
}

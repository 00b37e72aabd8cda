package influx

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// authorities reads the certificates to trust instead of the system's.
func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it (want PEM)", file)
	}
	return pool, nil
}

// newHTTPClient returns a client that takes nothing but InfluxDB's own "204 No
// Content" for a durable write, and nothing but CSV for an answer. It trusts
// the system's authorities when trust is nil.
func newHTTPClient(trust *x509.CertPool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}
	t.MaxIdleConnsPerHost = 8     // concurrent writers and readers keep their connections
	t.WriteBufferSize = 128 << 10 // a request of 5000 lines in seven system calls, of 220
	return &http.Client{
		Transport: strict{t},
		// A redirected POST would become a GET, and a login page's 200 would
		// look like success.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// strict turns any other 2xx answer into an error: a captive portal or a proxy
// answered, not the database. To a query such a page would look like a point
// without readings.
type strict struct{ *http.Transport }

func (s strict) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.Transport.RoundTrip(r)
	if err != nil || resp.StatusCode/100 != 2 {
		return resp, err
	}
	kind := resp.Header.Get("Content-Type")
	switch {
	case strings.HasSuffix(r.URL.Path, "/api/v2/write") && resp.StatusCode != http.StatusNoContent:
		err = notInflux{"a write", resp.Status}
	case strings.HasSuffix(r.URL.Path, "/api/v2/query") && !strings.Contains(kind, "csv"):
		err = notInflux{"a query", fmt.Sprintf("%s, %q", resp.Status, kind)}
	default:
		return resp, nil
	}
	resp.Body.Close()
	return nil, err
}

// notInflux is an answer that InfluxDB does not give.
type notInflux struct{ question, answer string }

func (e notInflux) Error() string {
	return fmt.Sprintf("%s was answered with %s, as InfluxDB never does", e.question, e.answer)
}

// Package influx keeps readings in InfluxDB, 2.x or 1.8 by its v2 API. It
// guarantees that a Write that returned without error was answered 204 by the
// server for every record it kept: nothing is queued, retried or given up
// behind the caller's back. DESIGN.md tells the schema and each failure.
package influx

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Store = (*Store)(nil)

// DefaultTimeout bounds one request when Options.Timeout is 0.
const DefaultTimeout = 30 * time.Second

// Options says which InfluxDB and whose readings.
type Options struct {
	URL    string // http://host:8086
	Org    string // organisation; empty for 1.8
	Bucket string // bucket; for 1.8 "database/retention-policy"
	Token  string // API token; for 1.8 "user:password", or empty
	County string // the county tag of every reading written and read
	CAFile string // certificates (PEM) to trust instead of the system's, for https

	Timeout time.Duration    // of one request; 0 means DefaultTimeout
	Now     func() time.Time // when the generation was written
}

// Store is one bucket's readings of one county. Only one process may write
// them: collisions with what another process writes at the same moment would
// not be seen.
type Store struct {
	o      Options
	client influxdb2.Client
	http   *http.Client
	// writeURL is where lines are written to. The client's own writer takes them
	// as one text only.
	writeURL string
	points   points
	closed   atomic.Bool
	// byInfluxQL is set once the server has turned out to be a 1.8, which has no
	// /api/v2/delete.
	byInfluxQL atomic.Bool
	version1   atomic.Pointer[bool] // what the server is, once it has said so

	generationMu sync.Mutex
}

// New checks the options. It does not talk to the server, so that a collector
// can start before its database does.
func New(o Options) (*Store, error) {
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("influxdb url: want http://host:8086 without user, password or parameters")
	}
	if o.Bucket == "" {
		return nil, fmt.Errorf("influxdb %s: no bucket named (for 1.8: database/retention-policy)", o.URL)
	}
	if !sensors.IsSlug(o.County) {
		return nil, fmt.Errorf("influxdb %s: county %q is not a name of lower-case letters, digits and hyphens", o.URL, o.County)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		return nil, fmt.Errorf("influxdb %s: no clock given", o.URL)
	}
	var trust *x509.CertPool
	if o.CAFile != "" {
		if trust, err = authorities(o.CAFile); err != nil {
			return nil, fmt.Errorf("influxdb %s: certificates to trust: %w", o.URL, err)
		}
	}
	s := &Store{o: o, http: newHTTPClient(trust)}
	opts := influxdb2.DefaultOptions().SetHTTPClient(s.http).SetApplicationName("coldchain")
	s.client = influxdb2.NewClientWithOptions(o.URL, o.Token, opts)
	s.writeURL = s.client.HTTPService().ServerAPIURL() + "write?" + url.Values{"org": {o.Org}, "bucket": {o.Bucket}, "precision": {"ns"}}.Encode()
	s.points.init(o.County)
	return s, nil
}

// Close gives idle connections back. Requests under way end by their own
// contexts.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.http.CloseIdleConnections()
	return nil
}

// ask gives one request its time limit.
func (s *Store) ask(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.o.Timeout, errSlow)
}

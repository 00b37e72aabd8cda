package influx_test

import (
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/storetest/influxdtest"
)

// A renewed store has one new name for whoever asks, and goes on having it
// when retention has taken the earliest row away.
func TestRenewedGenerationStands(t *testing.T) {
	server := influxdtest.Start(t)
	name := database(t, server)
	bucket := name + "/autogen"
	s := open(t, server.URL, bucket)
	first := generation(t, s)
	// A collector of the day after writes the name once more.
	later, err := influx.New(influx.Options{URL: server.URL, Bucket: bucket, County: "sonid", Now: func() time.Time { return time.Now().Add(25 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	if again := generation(t, later); again != first {
		t.Fatalf("%q the day after, %q before", again, first)
	}
	before, after, err := s.Renew(t.Context())
	if err != nil || before != first || after == first {
		t.Fatalf("%q became %q (it was %q): %v", before, after, first, err)
	}
	if got := generation(t, open(t, server.URL, bucket)); got != after {
		t.Errorf("another collector sees %q, want %q", got, after)
	}
	rows := server.Flux(t, `from(bucket: "`+bucket+`") |> range(start: -1h, stop: 48h) |> filter(fn: (r) => r._measurement == "coldchain_meta")`)
	if strings.Contains(rows, first) || strings.Count(rows, after) != 2 {
		t.Errorf("the rows are\n%s\nwant two of %s and none of %s", rows, after, first)
	}
}

func generation(t *testing.T, s *influx.Store) string {
	t.Helper()
	g, err := s.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

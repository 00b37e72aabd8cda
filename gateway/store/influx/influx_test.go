package influx_test

import (
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/storetest"
	"coldchain/gateway/store/storetest/influxdtest"
)

func TestConformance(t *testing.T) {
	server := influxdtest.Start(t)
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		bucket := database(t, server) + "/autogen"
		return func(t *testing.T) store.Store { return open(t, server.URL, bucket) }
	})
}

// database creates a database named after the test.
func database(t testing.TB, server *influxdtest.Server) string {
	t.Helper()
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, t.Name())
	name += "_" + strings.ReplaceAll(time.Now().Format("150405.000000000"), ".", "")
	server.CreateDatabase(t, name)
	return name
}

func open(t testing.TB, url, bucket string) *influx.Store {
	t.Helper()
	s, err := influx.New(influx.Options{URL: url, Bucket: bucket, County: "sonid", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

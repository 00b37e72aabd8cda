//go:build bench

package bench

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
)

// sink stands before an InfluxDB and takes readings at once: it answers for
// them and keeps none. Whoever is faster with it than with the database waits
// for the database.
type sink struct {
	*httptest.Server
	lines atomic.Int64 // of readings
}

// ownLines are passed on: a program's own row, by which it knows the store.
const ownLines = 10

func newSink(t *testing.T, influx *influxdtest.Server) *sink {
	target, err := url.Parse(influx.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{}
	behind := httputil.NewSingleHostReverseProxy(target)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/write" {
			behind.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // he has gone
		}
		text, err := plain(r.Header.Get("Content-Encoding"), body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if bytes.Count(text, []byte("\n")) <= ownLines {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			behind.ServeHTTP(w, r)
			return
		}
		s.lines.Add(int64(bytes.Count(text, []byte("temperature,"))))
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s
}

// plain undoes the compression that a client has chosen.
func plain(encoding string, body []byte) ([]byte, error) {
	if encoding != "gzip" {
		return body, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// TestIngestUnlimited: what both do when the database is not what they wait for.
func TestIngestUnlimited(t *testing.T) {
	broker, influx := mosquittotest.Start(t, brokerCfg), influxdtest.Start(t)
	l := million()
	with := ingestOurs(t, l, broker, influx)
	report("coldchain, InfluxDB", with)
	s := newSink(t, influx)
	ours := ingestInto(t, l, broker, influx, s)
	report("coldchain, a database that answers at once and keeps nothing", ours)
	fmt.Printf("ingest | coldchain without and with waiting for InfluxDB | %.2f times the readings/s\n", ours.rate()/with.rate())
	other := newSink(t, influx)
	theirs, ok := telegrafInto(t, l, broker, influx, other.URL, func() int { return int(other.lines.Load()) })
	if !ok {
		return
	}
	report("telegraf, a database that answers at once and keeps nothing", theirs)
	fmt.Printf("ingest | coldchain : telegraf, neither waiting for a database | %.2f times the readings/s, %.2f times the CPU a reading\n",
		ours.rate()/theirs.rate(), ours.perMillion(ours.cpu)/theirs.perMillion(theirs.cpu))
}

// ingestInto is ingestOurs before a sink; that all were offered to it is counted
// there.
func ingestInto(t *testing.T, l load, broker *mosquittotest.Broker, influx *influxdtest.Server, s *sink) cost {
	packs := make([][][]byte, l.gateways)
	for g := range packs {
		packs[g] = l.packs(t, g)
	}
	influx.CreateDatabase(t, "sink")
	c := startCountyAt(t, l, broker.URL, fmt.Sprintf("store: {influx: {url: %q, bucket: sink/autogen}}\n", s.URL))
	c.warmUp(t, l, broker.URL)
	s.lines.Store(0)
	var before, after cost
	before.take(t, c.process.Pid, broker, influx)
	began := time.Now()
	l.deliver(t, broker.URL, packs, c.set)
	elapsed := time.Since(began)
	c.set(l.last().Add(rollUp))
	c.awaitRollups(t)
	after.take(t, c.process.Pid, broker, influx)
	_ = c.process.Kill()
	if got := int(s.lines.Load()); got < l.readings() {
		t.Errorf("the sink was offered %d of %d readings", got, l.readings())
	}
	return cost{n: l.readings(), elapsed: elapsed, cpu: after.cpu - before.cpu, database: after.database - before.database, broker: after.broker - before.broker}
}

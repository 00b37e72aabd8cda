package influx_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/storetest"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

// TestServer meets a real InfluxDB 1.8 with its moods: the conformance suite,
// then what only this engine has. One server serves them all, as it takes
// seconds to start; each test has a database of its own.
func TestServer(t *testing.T) {
	server := influxdtest.Start(t)
	t.Run("conformance", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Opener {
			bucket := database(t, server) + "/autogen"
			return func(t *testing.T) store.Store { return open(t, server.URL, bucket) }
		})
	})
	for _, c := range []struct {
		name string
		run  func(*testing.T, *influxdtest.Server)
	}{
		{"a field type conflict is pinned to its rows", realFieldTypeConflict},
		{"rows older than the retention policy are rejected", realRetentionPolicyDropsTheOld},
		{"a wrong bucket says what to check", realConfigurationErrors},
		{"an emptied database is another generation", realGenerationChangesWhenEmptied},
		{"the generation outlives the retention policy", realGenerationOutlivesRetention},
		{"a lost answer doubles nothing", realLostAnswer},
		{"counties share a bucket", realCountiesShareABucket},
		{"a plain Flux query finds the schema", realPlainFlux},
		{"restart and kill -9 lose nothing that was answered", realRestartAndKill},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, server) })
	}
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

func collect(t *testing.T, s *influx.Store, p sensors.PointID, q sensors.Quantity) []store.Record {
	t.Helper()
	var got []store.Record
	err := s.Read(t.Context(), store.Query{Point: p, Quantity: q, From: clock.AddDate(-2, 0, 0), To: clock.AddDate(2, 0, 0)},
		func(r store.Record) bool { got = append(got, r); return true })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// post writes lines past our encoder.
func post(t *testing.T, server *influxdtest.Server, bucket, lines string) {
	t.Helper()
	resp, err := http.Post(server.URL+"/api/v2/write?bucket="+url.QueryEscape(bucket), "", strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%s: %s", resp.Status, body)
	}
}

func realFieldTypeConflict(t *testing.T, server *influxdtest.Server) {
	bucket := database(t, server) + "/autogen"
	// Somebody's script made "raw" a text, in the shard our rows go to.
	post(t, server, bucket, fmt.Sprintf("temperature,by=script raw=\"text\" %d\n", clock.UnixNano()))

	rs := some(50)
	var want []store.Record
	for i := range rs {
		if i == 7 || i == 30 || i == 49 {
			rs[i].Reading = rs[i].WithRaw(float64(i) + 0.5)
			continue
		}
		want = append(want, rs[i])
	}
	s := open(t, server.URL, bucket)
	res, err := s.Write(t.Context(), rs)
	if err != nil {
		t.Fatal(err)
	}
	var rejected []int
	for _, r := range res.Rejections {
		rejected = append(rejected, r.Index)
		if !strings.Contains(r.Detail, "field type conflict") {
			t.Errorf("detail %q lacks the server's words", r.Detail)
		}
	}
	if !slices.Equal(rejected, []int{7, 30, 49}) {
		t.Fatalf("rejected %v, want 7, 30 and 49", rejected)
	}
	if got := collect(t, s, rs[0].Point, sensors.Temperature); !slices.Equal(got, want) {
		t.Errorf("%d records stored, want the other %d unchanged", len(got), len(want))
	}
}

func realRetentionPolicyDropsTheOld(t *testing.T, server *influxdtest.Server) {
	db := database(t, server)
	server.InfluxQL(t, fmt.Sprintf(`CREATE RETENTION POLICY "short" ON %q DURATION 1d REPLICATION 1`, db))
	s := open(t, server.URL, db+"/short")
	old := some(300)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for i := range old {
		at := now.AddDate(0, -2, 0).Add(time.Duration(i) * time.Second)
		if i >= 298 {
			at = now.Add(time.Duration(i-300) * time.Second)
		}
		old[i].Reading = sensors.NewGood("a/b/c", at, float64(i))
	}
	res, err := s.Write(t.Context(), old)
	if err != nil || len(res.Rejections) != 298 {
		t.Fatalf("%d rejections, %v; want 298", len(res.Rejections), err)
	}
	if d := res.Rejections[0].Detail; !strings.Contains(d, "beyond retention policy") {
		t.Errorf("detail %q", d)
	}
	res, err = s.Write(t.Context(), old[:100])
	if err != nil || len(res.Rejections) != 100 {
		t.Fatalf("nothing but old rows: %d rejections, %v; want 100", len(res.Rejections), err)
	}
}

func realConfigurationErrors(t *testing.T, server *influxdtest.Server) {
	db := database(t, server)
	for name, bucket := range map[string]string{
		"no database": "nosuch/autogen", "no retention policy": db + "/nosuch", "not in db/rp form": "/autogen",
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, server.URL, bucket)
			_, err := s.Write(t.Context(), some(2))
			if err == nil || errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "create the database first") {
				t.Errorf("write: %v; want a permanent error that says what to do", err)
			}
			if _, err := s.Generation(t.Context()); err == nil || errors.Is(err, store.ErrTemporary) {
				t.Errorf("generation: %v; want a permanent error", err)
			}
		})
	}
}

func realRestartAndKill(t *testing.T, server *influxdtest.Server) {
	bucket := database(t, server) + "/autogen"
	s := open(t, server.URL, bucket)
	rs := some(3000)
	before, err := s.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, end := range []func(){server.Stop, server.Kill} {
		part := rs[i*1000 : (i+1)*1000]
		if _, err := s.Write(t.Context(), part); err != nil {
			t.Fatal(err)
		}
		end() // straight after the 204
		if _, err := s.Write(t.Context(), rs[(i+1)*1000:]); !errors.Is(err, store.ErrTemporary) {
			t.Fatalf("write to a dead server: %v, want ErrTemporary", err)
		}
		server.Restart(t)
		if got := collect(t, s, rs[0].Point, sensors.Temperature); !slices.Equal(got, rs[:(i+1)*1000]) {
			t.Fatalf("%d records after the restart, want the first %d", len(got), (i+1)*1000)
		}
	}
	if res, err := s.Write(t.Context(), rs); err != nil || len(res.Collisions)+len(res.Rejections) > 0 {
		t.Fatalf("everything again: %+v, %v", res, err)
	}
	if got := collect(t, s, rs[0].Point, sensors.Temperature); !slices.Equal(got, rs) {
		t.Errorf("%d records, want %d", len(got), len(rs))
	}
	if after, err := s.Generation(t.Context()); err != nil || after != before {
		t.Errorf("generation %s became %s (%v)", before, after, err)
	}
}

func realGenerationChangesWhenEmptied(t *testing.T, server *influxdtest.Server) {
	db := database(t, server)
	s := open(t, server.URL, db+"/autogen")
	before, err := s.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), some(10)); err != nil {
		t.Fatal(err)
	}
	server.InfluxQL(t, fmt.Sprintf("DROP DATABASE %q", db))
	server.CreateDatabase(t, db)
	after, err := s.Generation(t.Context())
	if err != nil || after == before {
		t.Errorf("generation %s stayed after the database was emptied (%v)", after, err)
	}
	// The edges offer again what they still have: it must not be taken for stored.
	if _, err := s.Write(t.Context(), some(10)); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, s, some(1)[0].Point, sensors.Temperature); len(got) != 10 {
		t.Errorf("%d records, want 10", len(got))
	}
}

func realGenerationOutlivesRetention(t *testing.T, server *influxdtest.Server) {
	bucket := database(t, server) + "/autogen"
	now := clock
	s, err := influx.New(influx.Options{URL: server.URL, Bucket: bucket, County: "sonid", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		now = now.Add(20 * time.Hour)
		if g, err := s.Generation(t.Context()); err != nil || g != first {
			t.Fatalf("generation %s, %v; want %s", g, err, first)
		}
	}
	rows := strings.Count(server.Flux(t, fmt.Sprintf(`from(bucket: %q) |> range(start: 0) |> filter(fn: (r) => r._measurement == "coldchain_meta")`, bucket)), first)
	if rows < 2 {
		t.Errorf("%d meta rows after 100 hours, want it repeated as the old one may expire", rows)
	}
}

// realLostAnswer: the server has the rows, the collector never hears so.
func realLostAnswer(t *testing.T, server *influxdtest.Server) {
	bucket := database(t, server) + "/autogen"
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var cut atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// All of the question first: a ReverseProxy that is answered early can
		// lose its connection over a body that is not yet read to its end.
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !cut.Load() || r.URL.Path != "/api/v2/write" {
			httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
			return
		}
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(httptest.NewRecorder(), r)
		reset(w)
	}))
	defer proxy.Close()

	s := open(t, proxy.URL, bucket)
	rs := some(100)
	cut.Store(true)
	if _, err := s.Write(t.Context(), rs); !errors.Is(err, store.ErrTemporary) {
		t.Fatalf("lost answer: %v, want ErrTemporary", err)
	}
	cut.Store(false)
	if res, err := s.Write(t.Context(), rs); err != nil || len(res.Collisions) > 0 {
		t.Fatalf("again: %+v, %v", res, err)
	}
	other := some(100)
	for i := range other {
		other[i].Seq += 1000
	}
	res, err := s.Write(t.Context(), other)
	if err != nil || len(res.Collisions) != 100 {
		t.Fatalf("%d collisions, %v; want 100", len(res.Collisions), err)
	}
	if got := collect(t, s, rs[0].Point, sensors.Temperature); !slices.Equal(got, rs) {
		t.Errorf("%d records, want the first 100", len(got))
	}
}

// realCountiesShareABucket keeps two counties with the same names apart.
func realCountiesShareABucket(t *testing.T, server *influxdtest.Server) {
	bucket := database(t, server) + "/autogen"
	one := open(t, server.URL, bucket)
	two, err := influx.New(influx.Options{URL: server.URL, Bucket: bucket, County: "abag", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	a, b := some(5), some(5)
	for i := range b {
		b[i].Reading = sensors.NewGood(b[i].Point, b[i].Time, -float64(i))
		b[i].Gateway = "gw-2"
	}
	for s, rs := range map[*influx.Store][]store.Record{one: a, two: b} {
		if res, err := s.Write(t.Context(), rs); err != nil || len(res.Collisions) > 0 {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if !slices.Equal(collect(t, one, a[0].Point, sensors.Temperature), a) || !slices.Equal(collect(t, two, b[0].Point, sensors.Temperature), b) {
		t.Error("the counties' readings are mixed")
	}
	g1, err1 := one.Generation(t.Context())
	g2, err2 := two.Generation(t.Context())
	if err1 != nil || err2 != nil || g1 == g2 {
		t.Errorf("generations %s and %s (%v, %v)", g1, g2, err1, err2)
	}
}

// realPlainFlux reads the schema of DESIGN.md without this package.
func realPlainFlux(t *testing.T, server *influxdtest.Server) {
	bucket := database(t, server) + "/autogen"
	r := some(1)[0]
	r.Reading = sensors.NewUncertain(r.Point, r.Time, -18.53, sensors.FlatLine).WithRaw(-18.9)
	r.Reconstructed = true
	if _, err := open(t, server.URL, bucket).Write(t.Context(), []store.Record{r}); err != nil {
		t.Fatal(err)
	}
	got := server.Flux(t, fmt.Sprintf(`from(bucket: %q) |> range(start: 0) |> filter(fn: (r) => r._measurement == "temperature" and
		r.county == "sonid" and r.site == "balagong" and r.zone == "balagong/mutton-1" and r.point == "balagong/mutton-1/air")
		|> map(fn: (r) => ({_time: r._time, f: r._field, v: string(v: r._value)}))`, bucket))
	for _, want := range []string{
		"value,-18.53", "raw,-18.9", "quality,uncertain", "reason,flat-line", "flags,reconstructed", "gateway,gw-1", "epoch,1", "sequence,1", "2026-03-14T12:00:00Z",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	server := influxdtest.Start(b)
	s := open(b, server.URL, database(b, server)+"/autogen")
	const size = 5000
	next := 0
	for b.Loop() {
		b.StopTimer()
		rs := batch(next, size)
		next += size
		b.StartTimer()
		if res, err := s.Write(b.Context(), rs); err != nil || len(res.Rejections)+len(res.Collisions) > 0 {
			b.Fatal(res, err)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
}

// batch is live data of 400 points.
func batch(from, n int) []store.Record {
	rs := make([]store.Record, n)
	for i := range rs {
		k := from + i
		p := sensors.PointID(fmt.Sprintf("store-%d/room-%d/air", k%10, k/10%40))
		rs[i] = store.Record{
			Reading:  sensors.NewGood(p, clock.Add(time.Duration(k/400)*time.Second), float64(k%900)/10-40),
			Quantity: sensors.Temperature, Gateway: "gw-1", Epoch: 1, Seq: uint64(k + 1),
		}
	}
	return rs
}

func BenchmarkReadDay(b *testing.B) {
	server := influxdtest.Start(b)
	s := open(b, server.URL, database(b, server)+"/autogen")
	rs := some(1440)
	if _, err := s.Write(b.Context(), rs); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := 0
		q := store.Query{Point: rs[0].Point, Quantity: sensors.Temperature, From: clock, To: clock.AddDate(0, 0, 1)}
		if err := s.Read(b.Context(), q, func(store.Record) bool { n++; return true }); err != nil || n != len(rs) {
			b.Fatal(n, err)
		}
	}
}

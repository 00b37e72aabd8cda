package influx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/sensors"
)

const secret = "my-secret-token"

func (c *contract) store(t *testing.T, timeout time.Duration) *influx.Store {
	t.Helper()
	s, err := influx.New(influx.Options{
		URL: c.URL, Org: "cold chain", Bucket: "readings", Token: secret, County: "sonid", Timeout: timeout,
		Now: func() time.Time { return clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var clock = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// some returns n records of one point, a minute apart; the value is the index.
func some(n int) []store.Record {
	rs := make([]store.Record, n)
	for i := range rs {
		rs[i] = store.Record{
			Reading:  sensors.NewGood("balagong/mutton-1/air", clock.Add(time.Duration(i)*time.Minute), float64(i)),
			Quantity: sensors.Temperature, Gateway: "gw-1", Epoch: 1, Seq: uint64(i + 1),
		}
	}
	return rs
}

func TestRequestIsWhatTheManualSays(t *testing.T) {
	c := newContract(t)
	if _, err := c.store(t, 0).Write(t.Context(), some(3)); err != nil {
		t.Fatal(err)
	}
	for _, r := range c.requests {
		if got := r.Header.Get("Authorization"); got != "Token "+secret {
			t.Errorf("%s: Authorization is %q", r.URL.Path, got)
		}
		if got := r.URL.Query().Get("org"); got != "cold chain" {
			t.Errorf("%s: org is %q", r.URL.Path, got)
		}
	}
	last := c.requests[len(c.requests)-1].URL.Query()
	if last.Get("bucket") != "readings" || last.Get("precision") != "ns" {
		t.Errorf("write to %v", last)
	}
	if kept, _ := c.seen(); len(kept) != 3 || !strings.HasSuffix(kept[1], "value=1 1773489660000000000") {
		t.Errorf("lines %q", kept)
	}
}

// TestFailures is the table of DESIGN.md: what an answer means to the caller.
func TestFailures(t *testing.T) {
	say := func(status int, code, message string, headers ...string) func(http.ResponseWriter, []string) {
		return func(w http.ResponseWriter, _ []string) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			refuse(w, status, code, message)
		}
	}
	for _, c := range []struct {
		name      string
		answer    func(http.ResponseWriter, []string)
		temporary bool
		after     time.Duration
		want      string // in the error
	}{
		{"too many requests", say(429, "too many requests", "slow down", "Retry-After", "7"), true, 7 * time.Second, "slow down"},
		{"too many requests until a date", say(429, "too many requests", "slow down", "Retry-After", "Sat, 14 Mar 2026 12:01:30 GMT"), true, 90 * time.Second, "slow down"},
		{"a date that has passed", say(503, "unavailable", "x", "Retry-After", "Sat, 14 Mar 2026 11:00:00 GMT"), true, 0, "503"},
		{"a Retry-After that is nonsense", say(429, "too many requests", "x", "Retry-After", "soon"), true, 0, "429"},
		{"unavailable", say(503, "unavailable", "starting", "Retry-After", "30"), true, 30 * time.Second, "starting"},
		{"internal error", say(500, "internal error", "engine is closed"), true, 0, "engine is closed"},
		{"a gateway's page", func(w http.ResponseWriter, _ []string) {
			http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
		}, true, 0, "502"},
		{"a page without end", func(w http.ResponseWriter, _ []string) {
			http.Error(w, strings.Repeat("喂", 100_000), http.StatusBadGateway)
		}, true, 0, "..."},
		{"request timeout", say(408, "", ""), true, 0, "408"},
		{"unauthorized", say(401, "unauthorized", "unauthorized access"), false, 0, "check the token"},
		{"forbidden", say(403, "forbidden", "insufficient permissions"), false, 0, `may read and write bucket "readings"`},
		{"no bucket", say(404, "not found", `bucket "readings" not found`), false, 0, `check organisation "cold chain" and bucket "readings"`},
		{"no such method", say(405, "", ""), false, 0, "check that the URL is InfluxDB's"},
		{"a database that is missing, in 1.8", say(500, "", "failed to initialize execute state: no database"), false, 0, "create the database first"},
		{"a policy that is missing, in 1.8", say(500, "", "retention policy not found: x"), false, 0, "database/retention-policy"},
		{"a limit of the database, in 1.8", say(400, "", "partial write: max-values-per-tag limit exceeded (100000/100000) dropped=1"), false, 0, "limit exceeded"},
		{"a redirect", func(w http.ResponseWriter, _ []string) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(http.StatusFound)
		}, false, 0, "check that the URL is InfluxDB's"},
		{"a login page", func(w http.ResponseWriter, _ []string) { io.WriteString(w, "<html>welcome</html>") }, false, 0, "check that the URL is InfluxDB's"},
		{"broken JSON", func(w http.ResponseWriter, _ []string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(503)
			io.WriteString(w, `{"code":`)
		}, true, 0, "503"},
		{"the connection is reset", func(w http.ResponseWriter, _ []string) { reset(w) }, true, 0, "store is not available"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newContract(t)
			server.write = c.answer
			_, err := server.store(t, 0).Write(t.Context(), some(4))
			if err == nil {
				t.Fatal("no error")
			}
			if errors.Is(err, store.ErrTemporary) != c.temporary || store.RetryAfter(err) != c.after || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\ntemporary %t, after %s; want %t, %s and %q",
					err, errors.Is(err, store.ErrTemporary), store.RetryAfter(err), c.temporary, c.after, c.want)
			}
			if _, writes := server.seen(); writes != 1 {
				t.Errorf("%d requests, want 1: the caller decides when to try again", writes)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the token is in the error: %v", err)
			}
			if len(err.Error()) > 2500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestQueryFailures(t *testing.T) {
	for _, c := range []struct {
		name      string
		answer    http.HandlerFunc
		temporary bool
		want      string
	}{
		{"unauthorized", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 401, "unauthorized", "unauthorized access") }, false, "check the token"},
		{"flux switched off, in 1.8", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Flux query service disabled. Verify flux-enabled=true in the [http] section of the InfluxDB config.", http.StatusForbidden)
		}, false, "flux-enabled = true"},
		{"no bucket", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, 404, "not found", `failed to initialize execute state: could not find bucket "readings"`)
		}, false, `bucket "readings"`},
		{"bad query", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "invalid", "compilation failed") }, false, "compilation failed"},
		{"unavailable", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 503, "unavailable", "queue full") }, true, "queue full"},
		{"a login page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>welcome</html>") }, false, "check that the URL is InfluxDB's"},
		{"not CSV at all", csv("a,b\nc,d\n"), false, "check that the URL is InfluxDB's"},
		{"broken CSV", csv("#datatype,\"string\n"), false, "check that the URL is InfluxDB's"},
		{"an error in the middle", csv(row + "\n#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,memory limit,\n"), true, "memory limit"},
		{"an answer cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Content-Length", "5000")
			io.WriteString(w, row)
		}, true, "unexpected EOF"},
		{"a row that is being written", csv(strings.Replace(row, "gw-1,1,1,-18.5,", "gw-1,1,1,,", 1)), true, "only half there"},
		{"a value and bad quality", csv(strings.Replace(row, "gw-1,1,1,-18.5,", "gw-1,1,1,-18.5,bad", 1)), false, "contradict"},
		{"an unknown quality", csv(strings.Replace(row, "gw-1,1,1,-18.5,", "gw-1,1,1,-18.5,fine", 1)), false, "fine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newContract(t)
			server.query = c.answer
			s := server.store(t, 0)
			err := s.Read(t.Context(), store.Query{Point: "a/b/c", Quantity: sensors.Temperature, From: clock, To: clock.Add(time.Hour)},
				func(store.Record) bool { t.Error("a record came out"); return true })
			if err == nil || errors.Is(err, store.ErrTemporary) != c.temporary || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %q, temporary %t", err, c.want, c.temporary)
			}
		})
	}
}

// row is one reading as 2.x answers our query.
const row = `#datatype,string,long,dateTime:RFC3339,string,long,long,double,string
#group,false,false,false,false,false,false,false,false
#default,_result,,,,,,,
,result,table,_time,gateway,epoch,sequence,value,quality
,,0,2026-03-14T12:00:00Z,gw-1,1,1,-18.5,
`

func csv(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		io.WriteString(w, body)
	}
}

func TestRowsOfOthersAreNotReadings(t *testing.T) {
	server := newContract(t)
	server.query = csv(row + ",,0,2026-03-14T12:01:00Z,,,,99.5,\n" + ",,0,2026-03-14T13:00:00Z,gw-1,1,2,1.5,\n")
	var got []store.Record
	q := store.Query{Point: "a/b/c", Quantity: sensors.Temperature, From: clock, To: clock.Add(time.Hour)}
	if err := server.store(t, 0).Read(t.Context(), q, func(r store.Record) bool { got = append(got, r); return true }); err != nil {
		t.Fatal(err)
	}
	// The second has no identity, the third lies at To, which 1.8 gives as well.
	if len(got) != 1 || got[0].Seq != 1 {
		t.Errorf("got %v", got)
	}
}

func TestPoisonIsFoundAndTheRestKept(t *testing.T) {
	isPoison := func(line string) bool {
		return strings.Contains(line, "value=3 ") || strings.Contains(line, "value=77 ")
	}
	for _, c := range []struct {
		name, message string
		status        int
	}{
		{"2.x, field type", `failure writing points to database: partial write: field type conflict: input field "value" on measurement "temperature" is type float, already exists as type string dropped=2`, 422},
		{"2.x, unparsable", `unable to parse 'x': missing fields`, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newContract(t)
			server.write = func(w http.ResponseWriter, lines []string) {
				if slices.ContainsFunc(lines, isPoison) {
					refuse(w, c.status, "invalid", c.message)
					return
				}
				w.WriteHeader(http.StatusNoContent)
			}
			rs := some(100)
			rs = append(rs, rs[3], rs[4]) // a repetition shares the fate of the first
			res, err := server.store(t, 0).Write(t.Context(), rs)
			if err != nil {
				t.Fatal(err)
			}
			var indexes []int
			for _, r := range res.Rejections {
				indexes = append(indexes, r.Index)
				if r.Detail != c.message {
					t.Errorf("detail %q, want the server's words", r.Detail)
				}
			}
			if !slices.Equal(indexes, []int{3, 77, 100}) || len(res.Collisions) > 0 {
				t.Errorf("rejected %v, want 3, 77 and the repetition 100 (%+v)", indexes, res.Collisions)
			}
			if kept, _ := server.seen(); len(kept) != 98 || slices.ContainsFunc(kept, isPoison) {
				t.Errorf("%d lines kept, want 98", len(kept))
			}
		})
	}
}

func TestTooLargeIsSentInPieces(t *testing.T) {
	server := newContract(t)
	server.write = func(w http.ResponseWriter, lines []string) {
		if len(lines) > 30 {
			refuse(w, http.StatusRequestEntityTooLarge, "request too large", "unable to read data: points batch is too large")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
	res, err := server.store(t, 0).Write(t.Context(), some(100))
	if kept, _ := server.seen(); err != nil || len(res.Rejections) > 0 || len(kept) != 100 {
		t.Errorf("%d lines kept, %+v, %v", len(kept), res, err)
	}
}

func TestAllDroppedTakesOneRequest(t *testing.T) {
	server := newContract(t)
	server.write = func(w http.ResponseWriter, lines []string) {
		if strings.HasPrefix(lines[0], "coldchain_meta") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		refuse(w, 422, "unprocessable entity", fmt.Sprintf("partial write: points beyond retention policy dropped=%d", len(lines)))
	}
	res, err := server.store(t, 0).Write(t.Context(), some(100))
	if _, writes := server.seen(); err != nil || len(res.Rejections) != 100 || writes != 2 {
		t.Errorf("%d rejections in %d requests, %v; want 100 in 2 (the second asks whether anything is taken)", len(res.Rejections), writes, err)
	}
}

func TestAServerThatRefusesEverythingIsNotBelieved(t *testing.T) {
	server := newContract(t)
	server.write = func(w http.ResponseWriter, _ []string) { refuse(w, 400, "invalid", "request is malformed") }
	res, err := server.store(t, 0).Write(t.Context(), some(8))
	if err == nil || errors.Is(err, store.ErrTemporary) || len(res.Rejections) > 0 {
		t.Errorf("%+v, %v; want a configuration error and no reading called poison", res, err)
	}
}

func TestFailureInTheMiddleOfASearchIsAnError(t *testing.T) {
	server := newContract(t)
	n := 0
	server.write = func(w http.ResponseWriter, lines []string) {
		if n++; n > 3 {
			refuse(w, 503, "unavailable", "going down")
			return
		}
		refuse(w, 400, "invalid", "bad line")
	}
	res, err := server.store(t, 0).Write(t.Context(), some(64))
	if !errors.Is(err, store.ErrTemporary) || len(res.Rejections) > 0 {
		t.Errorf("%+v, %v; want ErrTemporary and nothing rejected", res, err)
	}
}

func TestSlowAnswer(t *testing.T) {
	server := newContract(t)
	release := make(chan struct{})
	defer close(release)
	server.write = func(w http.ResponseWriter, _ []string) { <-release }
	_, err := server.store(t, 50*time.Millisecond).Write(t.Context(), some(1))
	if !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("own time limit: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = server.store(t, time.Hour).Write(ctx, some(1))
	if !errors.Is(err, store.ErrTemporary) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("caller's time limit: %v", err)
	}
}

func TestCancelWhileWaitingForTheAnswer(t *testing.T) {
	server := newContract(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	server.write = func(w http.ResponseWriter, _ []string) { cancel(); <-release }
	_, err := server.store(t, time.Hour).Write(ctx, some(1))
	if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrTemporary) {
		t.Errorf("%v, want context.Canceled alone", err)
	}
}

func TestNobodyListens(t *testing.T) {
	server := newContract(t)
	s := server.store(t, time.Second)
	server.Close()
	if _, err := s.Write(t.Context(), some(1)); !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), server.URL) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Generation(t.Context()); !errors.Is(err, store.ErrTemporary) {
		t.Errorf("generation: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := influx.Options{URL: "http://127.0.0.1:1", Bucket: "b", County: "sonid", Now: time.Now}
	for name, spoil := range map[string]func(*influx.Options){
		"no url":              func(o *influx.Options) { o.URL = "" },
		"no scheme":           func(o *influx.Options) { o.URL = "127.0.0.1:8086" },
		"another scheme":      func(o *influx.Options) { o.URL = "tcp://127.0.0.1:8086" },
		"a password in it":    func(o *influx.Options) { o.URL = "http://user:hunter2@127.0.0.1:8086" },
		"parameters":          func(o *influx.Options) { o.URL = "http://127.0.0.1:8086/?db=x" },
		"no bucket":           func(o *influx.Options) { o.Bucket = "" },
		"county is no name":   func(o *influx.Options) { o.County = `x" or "` },
		"nobody has a clock":  func(o *influx.Options) { o.Now = nil },
		"a control character": func(o *influx.Options) { o.URL = "http://\x7f" },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			spoil(&o)
			s, err := influx.New(o)
			if err == nil || s != nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
	if _, err := influx.New(good); err != nil {
		t.Errorf("a server that is not there must not keep the collector from starting: %v", err)
	}
}

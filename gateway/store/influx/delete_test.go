package influx_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

// deleting is a server that answers the ways to delete.
func deleting(t *testing.T, answer http.HandlerFunc) *influx.Store {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	s, err := influx.New(influx.Options{URL: server.URL, Org: "cold chain", Bucket: "readings", Token: secret, County: "sonid", Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var anHour = store.Query{Point: "balagong/mutton-1/air", Quantity: sensors.Temperature, From: clock, To: clock.Add(time.Hour)}

// TestDeleteIsWhatTheManualOf2xSays: https://docs.influxdata.com/influxdb/v2/api,
// POST /api/v2/delete.
func TestDeleteIsWhatTheManualOf2xSays(t *testing.T) {
	var got []string
	s := deleting(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var order map[string]string
		if err := json.Unmarshal(body, &order); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		q := r.URL.Query()
		got = append(got, r.Method+" "+r.URL.Path, q.Get("org"), q.Get("bucket"), r.Header.Get("Authorization"), order["start"], order["stop"], order["predicate"])
		w.WriteHeader(http.StatusNoContent)
	})
	if err := s.DeleteReadings(t.Context(), anHour); err != nil {
		t.Fatal(err)
	}
	err := s.DeleteRollups(t.Context(), store.RollupQuery{Point: anHour.Point, Quantity: anHour.Quantity, Width: store.QuarterHour, From: anHour.From, To: anHour.To})
	if err != nil {
		t.Fatal(err)
	}
	one := func(measurement string) string {
		return strings.Join([]string{"POST /api/v2/delete", "cold chain", "readings", "Token " + secret, "2026-03-14T12:00:00Z", "2026-03-14T12:59:59.999999999Z",
			`_measurement="` + measurement + `" AND county="sonid" AND point="balagong/mutton-1/air"`}, "\n")
	}
	if text := strings.Join(got, "\n"); text != one("temperature")+"\n"+one("temperature_15m") {
		t.Errorf("asked\n%s", text)
	}
}

func TestDeleteFailures(t *testing.T) {
	for _, c := range []struct {
		name      string
		answer    http.HandlerFunc
		temporary bool
		after     time.Duration
		want      string
	}{
		{"too many requests", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			refuse(w, 429, "too many requests", "slow down")
		}, true, 7 * time.Second, "slow down"},
		{"unavailable", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 503, "unavailable", "starting") }, true, 0, "starting"},
		{"unauthorized", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 401, "unauthorized", "unauthorized access") }, false, 0, "check the token"},
		{"no bucket", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, 404, "not found", `bucket "readings" not found`)
		}, false, 0, `bucket "readings"`},
		{"a login page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>welcome</html>") }, false, 0, "check that the URL is InfluxDB's"},
		{"no such page anywhere", http.NotFound, false, 0, "404"},
		{"the connection is reset", func(w http.ResponseWriter, _ *http.Request) { reset(w) }, true, 0, "store is not available"},
		{"1.8 says no", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/query" {
				http.NotFound(w, r)
				return
			}
			io.WriteString(w, `{"results":[{"statement_id":0,"error":"database not found: readings"}]}`)
		}, false, 0, "create the database first"},
		{"a page in place of 1.8's answer", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/query" {
				http.NotFound(w, r)
				return
			}
			io.WriteString(w, `<html>`)
		}, false, 0, "check that the URL is InfluxDB's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := deleting(t, c.answer).DeleteReadings(t.Context(), anHour)
			if err == nil || errors.Is(err, store.ErrTemporary) != c.temporary || store.RetryAfter(err) != c.after || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("%v\nwant %q, temporary %t, after %s", err, c.want, c.temporary, c.after)
			}
		})
	}
}

// TestDeleteWithAUser: InfluxDB 1.8 takes the same token for InfluxQL, and a
// user who may only read deletes nothing.
func TestDeleteWithAUser(t *testing.T) {
	server := influxdtest.StartWith(t, influxdtest.Settings{Auth: true})
	server.InfluxQL(t, `CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES`)
	as := func(token string) *influx.Store {
		s, err := influx.New(influx.Options{URL: server.URL, Bucket: "coldchain/autogen", Token: token, County: "sonid", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	ask := func(statement string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/query?u=admin&p=right", strings.NewReader("q="+statement))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || strings.Contains(string(text), `"error"`) {
			t.Fatalf("%s: %s %s", statement, res.Status, text)
		}
	}
	ask(`CREATE DATABASE coldchain`)
	ask(`CREATE USER reader WITH PASSWORD 'right'`)
	ask(`GRANT READ ON coldchain TO reader`)
	rs := some(3)
	admin := as("admin:right")
	if _, err := admin.Write(t.Context(), rs); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{"admin:wrong": "check the token", "reader:right": "may read and write"} {
		if err := as(token).DeleteReadings(t.Context(), anHour); err == nil || errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error for a person with %q", token, err, want)
		}
	}
	if got := collect(t, admin, rs[0].Point, sensors.Temperature); len(got) != 3 {
		t.Fatalf("%d readings left, want 3", len(got))
	}
	if err := admin.DeleteReadings(t.Context(), anHour); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, admin, rs[0].Point, sensors.Temperature); len(got) != 0 {
		t.Errorf("%d readings left, want none", len(got))
	}
}

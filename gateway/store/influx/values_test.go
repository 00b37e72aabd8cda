package influx

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

const season = sensors.PointID("balagong/mutton/air")

// answering is a store before a server of a version that gives one answer to
// InfluxQL.
func answering(t *testing.T, version, body string) *Store {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Influxdb-Version", version)
		switch r.URL.Path {
		case "/ping":
			w.WriteHeader(http.StatusNoContent)
		case "/query":
			fmt.Fprint(w, body)
		default:
			w.Header().Set("Content-Type", "text/csv")
			w.WriteHeader(http.StatusOK)
		}
	}))
	t.Cleanup(server.Close)
	s, err := New(Options{URL: server.URL, Bucket: "coldchain/autogen", County: "hangjin", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func seasonOf(t *testing.T, s *Store) (out []store.Value, err error) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	err = s.ReadValues(t.Context(), store.Query{Point: season, Quantity: sensors.Temperature, From: from, To: from.AddDate(0, 0, 20)}, func(v store.Value) bool { out = append(out, v); return true })
	return out, err
}

const rows = `{"results":[{"statement_id":0,"series":[{"name":"temperature","columns":["time","value","quality","reason","sequence"],"values":[%s]}]}]}`

func TestWhatInfluxQLAnswersBecomesValuesOrAnError(t *testing.T) {
	for name, c := range map[string]struct {
		body      string
		want      string // of the values, or of the error
		temporary bool
		fails     bool
	}{
		"rows in pieces":        {fmt.Sprintf(rows, `[1000,2.5,null,null,7],[2000,null,"bad","timeout",8]`) + "\n" + fmt.Sprintf(rows, `[3000,-4,"uncertain","flat-line",9]`), "1000 2.5 good , 2000 0 bad timeout, 3000 -4 uncertain flat-line", false, false},
		"a reason with a comma": {fmt.Sprintf(rows, `[1000,null,"bad","a, \"b\"",7]`), `1000 0 bad a, "b"`, false, false},
		"another program's row": {fmt.Sprintf(rows, `[1000,2.5,null,null,null]`), "", false, false},
		"no series":             {`{"results":[{"statement_id":0}]}`, "", false, false},
		"half a row":            {fmt.Sprintf(rows, `[1000,null,null,null,7]`), "half there", true, true},
		"a contradiction":       {fmt.Sprintf(rows, `[1000,3,"bad","timeout",7]`), "contradict", false, true},
		"no database":           {`{"results":[{"statement_id":0,"error":"database not found: coldchain"}]}`, "database not found", false, true},
		"an error half-way":     {fmt.Sprintf(rows, `[1000,2.5,null,null,7]`) + "\n" + `{"results":[{"statement_id":0,"error":"query interrupted"}]}`, "query interrupted", true, true},
		"a page":                {"<html>sign in</html>", "InfluxDB", false, true},
		"nothing at all":        {"", "InfluxDB", false, true},
		"a cut answer":          {fmt.Sprintf(rows, `[1000,2.5`)[:120], "unexpected EOF", true, true},
		"a time in words":       {fmt.Sprintf(rows, `["noon",2.5,null,null,7]`), "InfluxDB", false, true},
	} {
		got, err := seasonOf(t, answering(t, "1.8.10", c.body))
		if c.fails {
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, store.ErrTemporary) != c.temporary {
				t.Errorf("%s: %v, want %q, temporary %v", name, err, c.want, c.temporary)
			}
			continue
		}
		var said []string
		for _, v := range got {
			said = append(said, fmt.Sprint(v.At.UnixMilli(), " ", v.Value, " ", v.Quality, " ", v.Reason))
		}
		if err != nil || strings.Join(said, ", ") != c.want {
			t.Errorf("%s: %v, %v; want %s", name, said, err, c.want)
		}
	}
}

// TestA2xIsReadByFlux: its InfluxQL knows only buckets that somebody mapped.
func TestA2xIsReadByFlux(t *testing.T) {
	s := answering(t, "v2.7.1", "InfluxQL was asked")
	if got, err := seasonOf(t, s); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestADatabaseThatIsMissingIsNoEmptySeason: of a real server.
func TestADatabaseThatIsMissingIsNoEmptySeason(t *testing.T) {
	server := influxdtest.Start(t)
	s, err := New(Options{URL: server.URL, Bucket: "nowhere/autogen", County: "hangjin", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := seasonOf(t, s); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%d values, %v", len(got), err)
	}
}

package web_test

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

func TestExportIsWholeAndHarmless(t *testing.T) {
	r := newRig(t, web.Options{})
	bad := sensors.NewBad(air, noon.Add(-time.Hour), sensors.Reason(`=HYPERLINK("http://x","y")`))
	r.Stored[air] = []store.Record{
		{Reading: bad, Quantity: sensors.Temperature, Gateway: "gw-balagong", Epoch: 2, Seq: 7, Reconstructed: true},
		{Reading: sensors.NewGood(air, noon.Add(-time.Minute), -18.5).WithRaw(-18.25), Quantity: sensors.Temperature, Gateway: "gw-balagong", Epoch: 2, Seq: 8},
	}
	w := r.do(request{path: "/api/v1/export?point=balagong/mutton-1/air&from=2026-11-23T00:00:00Z&to=2026-11-23T12:00:00Z&format=csv"})
	reader := csv.NewReader(strings.NewReader(w.Body.String()))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil || w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Fatalf("%d %v %v", w.Code, w.Header(), err)
	}
	want := []string{
		"point,time_utc,value,unit,quality,reason,raw,flags,gateway,epoch,sequence",
		`balagong/mutton-1/air,2026-11-23T11:00:00.000Z,,Cel,bad,'=HYPERLINK("http://x","y"),,reconstructed,gw-balagong,2,7`,
		"balagong/mutton-1/air,2026-11-23T11:59:00.000Z,-18.5,Cel,good,,-18.25,,gw-balagong,2,8",
		"# complete,2",
	}
	for i := range max(len(want), len(rows)) {
		if i >= len(rows) || i >= len(want) || strings.Join(rows[i], ",") != want[i] {
			t.Errorf("line %d of %q", i, rows)
		}
	}
	r.StoreDown = store.ErrTemporary
	for path, code := range map[string]int{
		"?point=balagong/mutton-1/air&from=2026-11-23T00:00:00Z&to=2026-11-23T12:00:00Z": 503,
		"?point=balagong/mutton-1/air":                                                               400,
		"?point=no/such/one&from=2026-11-23T00:00:00Z&to=2026-11-23T12:00:00Z":                       404,
		"?point=balagong/mutton-1/air&from=2026-11-23T00:00:00Z&to=2026-11-23T12:00:00Z&format=xlsx": 400,
	} {
		if w := r.do(request{path: "/api/v1/export" + path}); w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
	}
}

// Every browser and most programs accept gzip: the answers of one write are
// packed, a stream is not.
func TestExportToWhoAcceptsGzip(t *testing.T) {
	r := newRig(t, web.Options{})
	r.Stored[air] = nil
	for i := range 3000 {
		at := noon.Add(-time.Duration(3000-i) * time.Second)
		r.Stored[air] = append(r.Stored[air], store.Record{Reading: sensors.NewGood(air, at, 1), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: uint64(i)})
	}
	server := httptest.NewServer(r.server.Handler())
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/api/v1/export?point=balagong/mutton-1/air&from=2026-11-23T00:00:00Z&to=2026-11-23T12:00:00Z", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(byToken(req))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || !strings.HasSuffix(string(body), "# complete,3000\n") {
		t.Errorf("%d, %d bytes, ending in %q: %v", answer.StatusCode, len(body), body[max(0, len(body)-40):], err)
	}
}

package county

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// send asks the page for a change, with the token, and returns its status and text.
func (c *county) send(method, path, token, body string) (int, string) {
	c.t.Helper()
	status, _, text := c.ask(method, path, token, body)
	return status, string(text)
}

// ask is send with all of the answer.
func (c *county) ask(method, path, token, body string) (int, http.Header, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.app.URL()+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, res.Header, text
}

// TestAnInspectorReadsThroughTheWholeCounty: readings from the embedded store,
// goods and their verdict from county.db; and only until the link is revoked.
func TestAnInspectorReadsThroughTheWholeCounty(t *testing.T) {
	cfg := settings(t, config.Influx{})
	cfg.Web.TokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(cfg.Web.TokenFile, []byte("s3cret-s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := run(t, cfg)
	ctx := t.Context()
	zone, err := time.LoadLocation(cfg.Timezone)
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := time.Now().In(zone).AddDate(0, 0, -1).Date()
	noon := time.Date(y, m, d, 12, 0, 0, 0, zone)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	if _, err := c.app.State().CreateBatch(ctx, keeper, "k", batch.Batch{ID: "HJQ261123-TLG-007", Product: "塔拉沟山羊肉", Created: noon}, &batch.Custody{Zone: "balagong/mutton"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.app.State().GiveVerdict(ctx, keeper, "v", batch.Verdict{Batch: "HJQ261123-TLG-007", Decision: batch.OnHold, Reason: "等检验报告"}, batch.Rule{}, batch.Evidence{}); err != nil {
		t.Fatal(err)
	}
	var records []store.Record
	for i := range 60 {
		records = append(records, store.Record{Reading: sensors.NewGood("balagong/mutton/air", noon.Add(time.Duration(i)*time.Minute), -19.5+float64(i%2)), Quantity: sensors.Temperature, Gateway: "balagong-gw", Epoch: 1, Seq: uint64(i + 1)})
	}
	if _, err := c.app.Store().Write(ctx, records); err != nil {
		t.Fatal(err)
	}
	// They went past the collector, which would have seen to what they come to.
	var rollups []store.Rollup
	roller := store.NewRoller("balagong/mutton/air", sensors.Temperature, noon.Add(-time.Hour), func(r store.Rollup) { rollups = append(rollups, r) })
	for _, r := range records {
		roller.Add(r.Reading)
	}
	roller.Finish(noon.Add(3 * time.Hour))
	if err := c.app.store.WriteRollups(ctx, rollups); err != nil {
		t.Fatal(err)
	}
	day := noon.Format(time.DateOnly)
	ask := `{"zones":["balagong/mutton"],"from":"` + day + `","to":"` + day + `","until":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `","actor":"站长"}`
	status, made := c.send("POST", "/api/v1/inspections-links", "s3cret-s3cret", ask)
	if status != http.StatusCreated {
		t.Fatal(status, made)
	}
	path := strings.ReplaceAll(between(t, made, `"path":"`, `"`), `\u0026`, "&")
	status, page := c.send("GET", path, "", "")
	// The first hour of readings has its own line; before and after are gaps.
	for _, want := range []string{"冷链检查记录", "塔拉沟山羊肉", "暂扣", "等检验报告", noon.Format("01-02 15:04"), "−19.5", "−19.0", "−18.5", noon.Format("01-02") + " 00:00 – " + noon.Format("01-02") + " 12:00"} {
		if !strings.Contains(page, want) {
			t.Errorf("%d: the page does not say %q", status, want)
		}
	}
	id := between(t, made, `"id":"`, `"`)
	if status, text := c.send("DELETE", "/api/v1/inspections-links/"+id, "s3cret-s3cret", `{"actor":"站长"}`); status != http.StatusOK {
		t.Fatal(status, text)
	}
	if status, text := c.send("GET", path, "", ""); status != http.StatusNotFound || strings.Contains(text, "山羊肉") {
		t.Errorf("a revoked link: %d %s", status, text)
	}
	rows, err := c.app.State().Audit(ctx, state.AuditFilter{Object: id})
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, r := range rows {
		actions = append(actions, r.Action)
	}
	if got := strings.Join(actions, " "); got != "inspection.link-made inspection.opened inspection.link-revoked" {
		t.Errorf("audit: %s", got)
	}
	// The daily record has the verdict's and the hands' part now.
	if status, text := c.send("GET", "/api/v1/reports/monthly", "s3cret-s3cret", ""); status != http.StatusOK || strings.Contains(text, "本系统未登记") {
		t.Errorf("the monthly report: %d, and says that verdicts are not recorded", status)
	}
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, before)
	out, _, end := strings.Cut(rest, after)
	if !ok || !end {
		t.Fatalf("no %s in %s", before, s)
	}
	return out
}

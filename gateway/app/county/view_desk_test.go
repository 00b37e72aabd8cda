package county

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
)

// TestTheAuditIsReadByWhoHasTheToken: what was just done is found by who did it, and
// nobody reads it without the token.
func TestTheAuditIsReadByWhoHasTheToken(t *testing.T) {
	cfg := settings(t, config.Influx{})
	cfg.Web.TokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(cfg.Web.TokenFile, []byte("s3cret-s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := run(t, cfg)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	for i := range 4 {
		id := fmt.Sprintf("HJQ261123-TLG-00%d", i)
		if _, err := c.app.State().CreateBatch(t.Context(), keeper, state.IdempotencyKey(id), batch.Batch{ID: id, Product: "羊肉", Created: time.Now()}, &batch.Custody{Zone: "balagong/mutton"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.app.State().SaveInventory(t.Context(), wire.Inventory{Gateway: "gw-balagong", Site: "balagong", Devices: []wire.DeviceInfo{{Name: "probe", Points: []wire.PointInfo{
		{ID: "balagong/mutton/air", Quantity: "temperature", CalibratedUntil: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)}, {ID: "balagong/mutton/door", Quantity: "door"}}}}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if status, _ := c.send("GET", "/api/v1/audit", "", ""); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", status)
	}
	status, text := c.send("GET", "/api/v1/audit?limit=3", "s3cret-s3cret", "")
	if status != http.StatusOK || strings.Count(text, `"seq":`) != 3 || !strings.Contains(text, `"next":`) {
		t.Errorf("%d: %s", status, text)
	}
	if status, text := c.send("GET", "/api/v1/audit?who=nobody", "s3cret-s3cret", ""); status != http.StatusOK || !strings.Contains(text, `"entries":[]`) {
		t.Errorf("%d: %s", status, text)
	}
	if status, text := c.send("GET", "/api/v1/audit?who="+url.QueryEscape("其")+"&action=batch.created", "s3cret-s3cret", ""); strings.Count(text, `"seq":`) != 4 {
		t.Errorf("by who and what: %d: %s", status, text)
	}
	if status, text := c.send("GET", "/api/v1/calibrations", "s3cret-s3cret", ""); status != http.StatusOK || !strings.Contains(text, `"until":"2027-03-01T00:00:00.000Z"`) || strings.Contains(text, "door") {
		t.Errorf("%d: %s", status, text)
	}
}

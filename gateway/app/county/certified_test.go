package county

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/config"
	"coldchain/gateway/evidence"
)

// TestACertificateSaysWhatTheCountyKeeps: filing number, picture of the probe's
// position and the probe's certificate of its time come from the configuration.
func TestACertificateSaysWhatTheCountyKeeps(t *testing.T) {
	r := newUseRig(t)
	r.stop()
	photo := filepath.Join(t.TempDir(), "probe.jpg")
	if err := os.WriteFile(photo, []byte("picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	u := 0.3
	for i := range r.cfg.Sites {
		if s := &r.cfg.Sites[i]; s.ID == "centre" {
			s.Filing = "备-2026-017"
			for k := range s.Zones {
				if s.Zones[k].ID == "mutton" {
					s.Zones[k].ProbePhoto = photo
				}
			}
		}
	}
	r.cfg.Calibrations = []config.Calibration{
		{Point: "centre/mutton/air", Certificate: "RZ-2025-9", From: "2025-03-01", Until: "2026-02-28"},
		{Point: "centre/mutton/air", Device: "SHT45 4F21", Certificate: "RZ-2026-0142", Laboratory: "鄂尔多斯计量所", From: "2026-03-01", Until: "2099-02-28", UncertaintyC: &u},
		{Point: "centre/mutton/air", Certificate: "future", From: "2098-03-01", Until: "2099-02-28"},
	}
	r.start(t)
	from := time.Now().UTC().Truncate(time.Minute).Add(-2 * time.Hour)
	r.keep(from, -19, -19)
	r.must("/api/v1/batches", map[string]any{"id": "M1", "product": "冻羊肉", "profile": "mutton-frozen", "quantity": "100 kg", "owner": "演示牧业合作社", "zone": "centre/mutton", "at": from})
	made := r.must("/api/v1/batches/M1/certificates", map[string]any{})["certificate"].(map[string]any)
	_, _, text := r.fetch("/api/v1/certificates/"+made["number"].(string)+"/json", true)
	var envelope struct{ Document evidence.Document }
	if err := json.Unmarshal(text, &envelope); err != nil {
		t.Fatal(err)
	}
	d := envelope.Document
	if p := d.Places[0]; p.Filing != "备-2026-017" || p.Photo != fmt.Sprintf("%x", sha256.Sum256([]byte("picture"))) {
		t.Errorf("%+v", p)
	}
	if p := d.Probes[0]; p.Certificate != "RZ-2026-0142" || p.Device != "SHT45 4F21" || *p.UncertaintyC != 0.3 || p.From.Year() != 2026 {
		t.Errorf("%+v", p)
	}
	status, _, html := r.fetch("/api/v1/certificates/"+made["number"].(string)+"/html", true)
	for _, want := range []string{"RZ-2026-0142", "备-2026-017", "鄂尔多斯计量所", "监测到"} {
		if status != http.StatusOK || !strings.Contains(string(html), want) {
			t.Errorf("%d: the paper lacks %s", status, want)
		}
	}
	paper, _, found := strings.Cut(string(html), "审计记录") // whose rows are as they are in the chain
	if !found || strings.Contains(paper, "(token)") {
		t.Errorf("the paper names by what somebody proved himself, or has no audit: %v", found)
	}
}

package webtest

import (
	"context"
	"strings"
	"time"

	"coldchain/gateway/web"
)

// Machinery is what a Fake tells of the county's operations.
type Machinery struct {
	web.OperationsReport
	Kept     []web.QuarantineEntry // newest first
	Declared []web.DeclaredGap     // newest first
}

// Report implements web.Operations.
func (f *Fake) Report(_ context.Context, _, _ time.Time) (web.OperationsReport, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Machinery.OperationsReport, f.StateDown
}

// Quarantine implements web.Operations.
func (f *Fake) Quarantine(_ context.Context, limit int) ([]web.QuarantineEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Kept[:min(limit, len(f.Kept))], f.StateDown
}

// Gaps implements web.Operations.
func (f *Fake) Gaps(_ context.Context, q web.GapFilter) ([]web.DeclaredGap, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []web.DeclaredGap
	for _, g := range f.Declared {
		if (q.Site == "" || g.Site == q.Site) && !g.To.Before(q.From) && !g.From.After(q.To) && len(out) < q.Limit {
			out = append(out, g)
		}
	}
	return out, f.StateDown
}

// machinery draws the operations of the scene's county.
func (s *Scene) machinery(now time.Time) {
	s.Store.Kind = "influxdb"
	s.Retention = web.RetentionReport{Frozen: 12, Last: &web.RetentionRun{
		Began: now.Add(-9 * time.Hour), Ended: now.Add(-9*time.Hour + 41*time.Second), Readings: 236, Rollups: 0, Oldest: now.AddDate(-3, 0, 0).Truncate(24 * time.Hour)}}
	for i, box := range s.Boxes {
		g := web.GatewayReport{Gateway: box, Version: "1.4.0", Boot: "6f1c2a", Clock: "ntp"}
		backlog, today, skew := box.Undelivered, uint64(31_000+uint64(hash(box.Name)%9_000)), float64(int(hash(box.Name)%80)-40)/1000
		depth := backlog + uint64(hash(box.Site)%300_000)
		if strings.HasPrefix(box.Site, "truck") {
			budget := uint64(400_000)
			g.Clock, g.BytesPerDay, today = "gnss", &budget, today*7
		}
		if !box.Online {
			g.OfflineSince = box.LastSeen
		}
		if s.story == Demo {
			switch i {
			case 7:
				g.Faults = []string{"journal: disk 91 % full, delivered records are dropped first"}
			case 5:
				backlog, g.Undelivered = 41_200, 41_260
			case 30:
				g.Version, skew = "1.3.2", 4.2
			case 33:
				skew = -64
			}
		}
		g.Backlog, g.BytesToday, g.SkewS, g.Depth = &backlog, &today, &skew, &depth
		if box.Held > 0 {
			g.Clock, g.SkewS = "none", nil
		}
		s.Machinery.Gateways = append(s.Machinery.Gateways, g)
	}
	s.Backup = &web.BackupReport{At: now.Add(-9 * time.Hour), Where: "/mnt/backup/2026-11-23"}
	if s.story != Demo {
		return
	}
	s.OperationsReport.Quarantine = []web.QuarantineCount{
		{Reason: "time-in-future", Total: 214, Repeated: 12}, {Reason: "unknown-point", Total: 38}, {Reason: "store-refused", Total: 3}, {Reason: "malformed", Total: 2, Repeated: 40}}
	s.Kept = []web.QuarantineEntry{
		{At: now.Add(-4 * time.Minute), LastAt: now.Add(-4 * time.Minute), Seen: 1, Gateway: "gw-village-19", Topic: "coldchain/v1/hangjin/village-19/gw-village-19/records", Epoch: "1", Sequence: "88120",
			Point: "village-19/power/mains", Reason: "time-in-future", Detail: "measured 2026-12-01T08:00:00Z, 7 days ahead of the county's clock", Payload: []byte{0x83, 0xa4, 0x21}, PayloadSize: 412},
		{At: now.Add(-3 * time.Hour), LastAt: now.Add(-2 * time.Hour), Seen: 3, Gateway: "gw-xini", Topic: "coldchain/v1/hangjin/xini/gw-xini/records", Epoch: "2", Sequence: "12",
			Point: "xini/mutton-1/air", Reason: "store-refused", Detail: "field type conflict: value is float, was string", Payload: []byte(`[{"n":"xini/mutton-1/air"}]`), PayloadSize: 27},
		{At: now.Add(-26 * time.Hour), LastAt: now.Add(-20 * time.Minute), Seen: 41, Gateway: "gw-truck-3", Topic: "coldchain/v1/hangjin/truck-3/gw-truck-3/records",
			Reason: "malformed", Detail: "not CBOR, JSON or zstd", Payload: []byte("<script>alert(1)</script>"), PayloadSize: 25}}
	s.OperationsReport.Events = []web.GatewayEntry{
		{At: now.Add(-38 * time.Minute), Site: "huhemudu", Gateway: "gw-huhemudu", Name: "clock-synced", Detail: map[string]string{
			"before": "1970-01-01T00:41:07Z", "after": now.Add(-38 * time.Minute).UTC().Format(time.RFC3339), "source": "ntp", "step_s": "496732h0m3.2s"}},
		{At: now.Add(-3 * time.Hour), Site: "truck-3", Gateway: "gw-truck-3", Name: "clock-step", Detail: map[string]string{
			"before": now.Add(-2 * time.Hour).UTC().Format(time.RFC3339), "after": now.Add(-3 * time.Hour).UTC().Format(time.RFC3339), "source": "gnss", "step_s": "-1h0m0.31s"}},
		{At: now.Add(-30 * time.Hour), Site: "village-12", Gateway: "gw-village-12", Name: "clock-bounded", Detail: map[string]string{"records": "1840", "boot": "9ab1"}},
		{At: now.Add(-31 * time.Hour), Site: "xini", Gateway: "gw-xini", Name: "records-gone", Detail: map[string]string{"epoch": "2", "ranges": "4-9 20-41"}},
		{At: now.Add(-32 * time.Hour), Site: "xini", Gateway: "gw-xini", Name: "gaps-declared-again", Detail: map[string]string{"gaps": "3"}},
	}
	gap := func(site, cause string, ago, long time.Duration, n uint64) {
		g := web.DeclaredGap{Site: site, Gateway: "gw-" + site, Scope: "gw-" + site, Cause: cause, From: now.Add(-ago), To: now.Add(long - ago), Readings: n}
		s.Declared = append(s.Declared, g)
	}
	gap("village-12", "restart", 22*time.Minute, 4*time.Second, 0)
	gap("duguitala", "restart", 11*time.Hour, 140*time.Minute, 0)
	gap("truck-3", "disk-limit", 50*time.Hour, 9*time.Hour, 5400)
	gap("huhemudu", "journal-not-writable", 70*time.Hour, 12*time.Minute, 96)
	s.OperationsReport.Gaps = []web.GapTotal{{Cause: "disk-limit", Gaps: 1, Gateways: 1, Readings: 5400, Length: 9 * time.Hour},
		{Cause: "restart", Gaps: 2, Gateways: 2, Length: 140*time.Minute + 4*time.Second}, {Cause: "journal-not-writable", Gaps: 1, Gateways: 1, Readings: 96, Length: 12 * time.Minute}}
}

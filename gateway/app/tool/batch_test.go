package tool

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/app/county"
	"coldchain/gateway/config"
)

// running is a county that the commands talk to.
type running struct {
	t     *testing.T
	app   *county.App
	token string
}

func newRunning(t *testing.T) *running {
	t.Helper()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.County{County: "hangjin", Data: dir, Broker: config.Broker{Listen: "127.0.0.1:0"}, Web: config.Web{Listen: "127.0.0.1:0", TokenFile: token}, Sites: []config.Site{
		{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
			{ID: "mutton", Kind: config.Frozen, Points: map[string]string{"air": "temperature"}}, {ID: "beef", Kind: config.Frozen, Points: map[string]string{"air": "temperature"}}}},
	}}
	cfg.ApplyDefaults()
	if p := cfg.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	ctx, cancel := context.WithCancel(context.Background())
	app, err := county.New(ctx, cfg, county.Options{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &running{t, app, token}
}

// batch runs coldchain batch and returns what it printed.
func (r *running) batch(args ...string) (string, error) {
	r.t.Helper()
	cmd, out := batchCommand(), &bytes.Buffer{}
	cmd.SetArgs(append(args, "--server", r.app.URL(), "--token-file", r.token, "--actor", "其其格"))
	cmd.SetOut(out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(r.t.Context())
	return out.String(), err
}

func (r *running) must(want string, args ...string) {
	r.t.Helper()
	if out, err := r.batch(args...); err != nil || !strings.Contains(out, want) {
		r.t.Fatalf("%q: %v\n%s\nwant %q", args, err, out, want)
	}
}

// TestABatchByTheCommandLine: what a person can write down of a batch at the
// page he can write down here, and it arrives in the dossier.
func TestABatchByTheCommandLine(t *testing.T) {
	r := newRunning(t)
	photo := filepath.Join(t.TempDir(), "certificate.jpg")
	if err := os.WriteFile(photo, []byte("\xff\xd8\xff a photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.must("balagong/mutton", "create", "HJQ-1", "--product", "羊肉", "--profile", "mutton-frozen", "--quantity", "240 kg", "--zone", "balagong/mutton", "--celsius", "-16.5", "--method", "between-packs")
	r.must("动物检疫合格证明", "show", "HJQ-1")
	r.must("HJQ-1", "document", "HJQ-1", "--kind", "quarantine-certificate", "--number", "15-0001", "--date", "2026-11-22", "--file", photo)
	r.must("HJQ-1", "inspect", "HJQ-1", "--item", "TVB-N", "--value", "12", "--pass")
	r.must("不合格", "inspect", "HJQ-1", "--item", "气味", "--value", "酸", "--fail", "--file", photo)
	r.must("HJQ-1", "temperature", "HJQ-1", "--celsius", "-15.5", "--method", "core")
	r.must("on-hold", "handover", "HJQ-1", "--from", "其其格", "--to", "巴图", "--outcome", "refused", "--note", "化了", "--celsius", "0", "--method", "surface")
	r.must("HJQ-1", "handover", "HJQ-1", "--from", "其其格", "--to", "萨仁", "--outcome", "accepted", "--move", "balagong/beef", "--override", "试验")
	from := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	r.must("HJQ-1", "correct", "HJQ-1", "--stay", from.Format(time.RFC3339)+","+from.Add(time.Minute).Format(time.RFC3339)+",屠宰场 门口", "--stay", from.Add(time.Minute).Format(time.RFC3339)+",,balagong/beef", "--reason", "写错")
	d, err := r.app.State().Dossier(t.Context(), "HJQ-1")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Documents) != 1 || d.Documents[0].Name != "certificate.jpg" || len(d.Documents[0].File) != 64 || len(d.Inspections) != 2 || !d.Inspections[0].Pass || d.Inspections[1].File != d.Documents[0].File {
		t.Errorf("documents and inspections: %+v", d)
	}
	if len(d.Manual) != 2 || d.Manual[0].ValueC != -16.5 || d.Manual[1].ValueC != -15.5 {
		t.Errorf("temperatures: %+v", d.Manual)
	}
	if len(d.Handovers) != 2 || d.Handovers[0].ProductC == nil || *d.Handovers[0].ProductC != 0 || d.Handovers[1].ProductC != nil || d.Handovers[1].Outcome != batch.Accepted {
		t.Errorf("handovers: %+v", d.Handovers)
	}
	if len(d.Stays) != 2 || d.Stays[0].Place != "屠宰场 门口" || d.Stays[1].Zone != "balagong/beef" || len(d.Corrections) != 1 || d.Corrections[0].Reason != "写错" {
		t.Errorf("stays: %+v %+v", d.Stays, d.Corrections)
	}
}

func TestWhatTheCommandLineRefuses(t *testing.T) {
	r := newRunning(t)
	r.must("HJQ-1", "create", "HJQ-1", "--product", "羊肉", "--zone", "balagong/mutton")
	text := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(text, []byte("no photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"pass fail":       {"inspect", "HJQ-1", "--item", "x", "--value", "y"},
		"required flag":   {"document", "HJQ-1", "--kind", "other"},
		"FROM,TO,WHERE":   {"correct", "HJQ-1", "--stay", "yesterday", "--reason", "x"},
		"找不到批次":           {"temperature", "NOSUCH", "--celsius", "1", "--method", "core"},
		"JPEG":            {"document", "HJQ-1", "--kind", "other", "--number", "1", "--date", "2026-11-22", "--file", text},
		"no such file":    {"document", "HJQ-1", "--kind", "other", "--number", "1", "--date", "2026-11-22", "--file", text + "x"},
		"between-packs":   {"create", "HJQ-2", "--product", "羊肉", "--zone", "balagong/mutton", "--celsius", "1"},
		"one of --to":     {"move", "HJQ-1"},
		"say in the note": {"handover", "HJQ-1", "--from", "a", "--to", "b", "--outcome", "refused"},
	} {
		if out, err := r.batch(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q\n%s", args, err, want, out)
		}
	}
}

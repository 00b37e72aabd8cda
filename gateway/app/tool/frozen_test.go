package tool

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	readings "coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

// freeze stores a few readings of the county and freezes them.
func (c *small) freeze(reference string) state.Frozen {
	c.t.Helper()
	ctx := c.t.Context()
	s, err := sqlite.Open(ctx, c.path(readingsFile))
	c.must(err)
	defer s.Close()
	db, err := state.Open(ctx, c.path(countyFile), atNoon)
	c.must(err)
	defer db.Close()
	const p = sensors.PointID("a/b/air")
	for i, r := range []sensors.Reading{sensors.NewGood(p, noon, -18.5).WithRaw(-18.25), sensors.NewBad(p, noon.Add(time.Minute), sensors.Timeout)} {
		_, err := s.Write(ctx, []readings.Record{{Reading: r, Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: uint64(i + 1)}})
		c.must(err)
	}
	k, err := retention.New(retention.Options{County: "hangjin", State: db, Store: s, Folder: c.path(retention.Folder), Now: atNoon,
		Newest: func() (time.Time, bool) { return time.Time{}, false }, Logger: slog.New(slog.DiscardHandler)})
	c.must(err)
	f, err := k.Freeze(ctx, keeper, reference, []state.FrozenRange{{Point: p, Quantity: sensors.Temperature, From: noon, To: noon.Add(time.Hour)}})
	c.must(err)
	return f
}

// run runs the tool as a person does.
func (c *small) run(args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = Run(c.t.Context(), "test", args, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// file is the county's configuration as a file.
func (c *small) file() string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "county.yaml")
	c.must(os.WriteFile(path, []byte("county: hangjin\ndata: "+c.config.Data+"\nbroker: {listen: 127.0.0.1:0}\nweb: {listen: 127.0.0.1:0}\nsites:\n  - {id: a, kind: centre, gateway: gw, zones: [{id: b, kind: frozen, points: {air: temperature}}]}\n"), 0o600))
	return path
}

func TestFrozenIsListedVerifiedAndShown(t *testing.T) {
	c := newSmall(t)
	f := c.freeze("CC-2026-0001")
	evidence := filepath.Join(c.path(retention.Folder), f.Evidence.File)
	status, out, errs := c.run("frozen", "list", "--config", c.file())
	if status != 0 || !strings.Contains(out, "CC-2026-0001") || !strings.Contains(out, "2 readings") || !strings.Contains(out, "ok") {
		t.Errorf("%d\n%s%s", status, out, errs)
	}
	status, out, errs = c.run("frozen", "show", evidence)
	want := "a/b/air,temperature,2026-11-23T04:00:00Z,-18.5,-18.25,Cel,good,,false,gw,1,1\na/b/air,temperature,2026-11-23T04:01:00Z,,,Cel,bad,timeout,false,gw,1,2\n"
	if status != 0 || !strings.HasSuffix(out, want) || !strings.Contains(errs, "CC-2026-0001: 2 readings of 1 ranges") {
		t.Errorf("%d\n%s\nwant\n%s%s", status, out, want, errs)
	}
	text, err := os.ReadFile(evidence)
	c.must(err)
	text[len(text)/2] ^= 1
	c.must(os.WriteFile(evidence, text, 0o600))
	if status, out, errs = c.run("frozen", "list", "--config", c.file()); status == 0 || !strings.Contains(out, evidence) || !strings.Contains(errs, "restore it from a backup") {
		t.Errorf("a changed file: %d\n%s%s", status, out, errs)
	}
}

func TestEvidenceIsInBackupAndRestore(t *testing.T) {
	c := newSmall(t)
	c.freeze("CC-1")
	f := c.freeze("CC-2")
	second := filepath.Join(t.TempDir(), "second")
	m, err := backup(t.Context(), backupOrder{config: c.config, to: second, by: keeper, version: "test", now: atNoon})
	c.must(err)
	if _, ok := m.file("frozen/" + f.Evidence.File); !ok || len(m.Files) != 8 {
		t.Fatalf("%+v", m.Files)
	}
	for name, there := range map[string]func(){
		"an empty folder":        func() { c.must(os.RemoveAll(c.config.Data)) },
		"a county that lives on": func() {},
		"another file of that name": func() {
			c.must(os.WriteFile(filepath.Join(c.path(retention.Folder), f.Evidence.File), []byte("changed"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			there()
			c.copy = second
			_, err := c.restore(force)
			c.must(err)
			all, err := state.ListFrozen(t.Context(), c.path(countyFile))
			c.must(err)
			if len(all) != 2 {
				t.Fatalf("%+v", all)
			}
			for _, f := range all {
				c.must(retention.Verify(c.path(retention.Folder), f))
			}
			c.must(os.RemoveAll(c.path("before-restore-20261123T040000Z")))
		})
	}
	t.Run("a changed evidence file in the backup is refused and nothing touched", func(t *testing.T) {
		c.must(os.WriteFile(filepath.Join(second, "frozen", f.Evidence.File), []byte("changed"), 0o600))
		before := c.batches()
		if _, err := c.restore(force); err == nil || !strings.Contains(err.Error(), "is not the file that was backed up") {
			t.Errorf("%v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(c.config.Data, "*restor*")); len(left) > 0 || c.batches() != before {
			t.Errorf("left behind %v, batches %q", left, c.batches())
		}
	})
	t.Run("a manifest that names a file elsewhere", func(t *testing.T) {
		for _, name := range []string{"frozen/../x", "frozen/.x", "other/x", "../x", "frozen/"} {
			if _, err := (manifest{Files: []backupFile{{Name: name}}}).folderFiles(); err == nil {
				t.Errorf("%q was taken", name)
			}
		}
	})
}

func TestLostEvidenceIsSaidAndTheRestBackedUp(t *testing.T) {
	c := newSmall(t)
	f := c.freeze("CC-1")
	kept := c.freeze("CC-2")
	c.must(os.WriteFile(filepath.Join(c.path(retention.Folder), f.Evidence.File), []byte("changed"), 0o600))
	to := filepath.Join(t.TempDir(), "second")
	m, err := backup(t.Context(), backupOrder{config: c.config, to: to, by: keeper, now: atNoon})
	if err == nil || !strings.Contains(err.Error(), "evidence of CC-1") || strings.Contains(err.Error(), "CC-2") {
		t.Errorf("%v", err)
	}
	if _, ok := m.file("frozen/" + kept.Evidence.File); !ok || len(m.Files) != 7 || len(m.Lost) != 1 {
		t.Errorf("%+v", m)
	}
	c.copy = to
	_, err = c.restore(force)
	c.must(err)
}

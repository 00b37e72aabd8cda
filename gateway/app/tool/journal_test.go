package tool

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// cardOf is a journal as it is found on a dead box's card: the newest commits
// are in the log, nobody closed it.
func cardOf(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	j, err := journal.Open(ctx, filepath.Join(dir, "live.db"), journal.Options{Boot: "boot", Scope: "balagong-gw"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	for i := range 60 {
		_, err := j.Append(ctx, []wire.Record{
			{Clock: wire.ClockNTP, Unit: sensors.Celsius, Reading: sensors.NewGood("balagong/mutton/air", at.Add(time.Duration(i)*time.Minute), -18.5)},
			{Clock: wire.ClockNTP, Unit: sensors.Celsius, Reading: sensors.NewBad("balagong/dairy/air", at.Add(time.Duration(i)*time.Minute), sensors.Timeout)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Confirm(ctx, []wire.AckRange{{Range: wire.Range{From: 1, To: 20}, Outcome: wire.Stored}}); err != nil {
		t.Fatal(err)
	}
	card := filepath.Join(dir, "card.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, "live.db"+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(card+suffix, b, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return card
}

func runTool(args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = Run(context.Background(), "test", args, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func TestJournalOfADeadBoxsCard(t *testing.T) {
	card := cardOf(t)
	before, err := os.ReadFile(card)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"inspect", card}, []string{"120 records, 100 not delivered", "balagong/mutton/air", "2026-01-05T03:59:00.000Z"}},
		{[]string{"verify", card}, []string{": ok"}},
		{[]string{"measure", card}, []string{"120 records", "records/s", "syncs a minute"}},
	} {
		status, out, errs := runTool(append([]string{"journal"}, c.args...)...)
		if status != 0 {
			t.Fatalf("%s: status %d: %s", c.args, status, errs)
		}
		for _, want := range c.wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q:\n%s", c.args, want, out)
			}
		}
	}
	if after, err := os.ReadFile(card); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the card was changed (%v)", err)
	}
}

func TestJournalExport(t *testing.T) {
	card := cardOf(t)
	status, out, errs := runTool("journal", "export", card, "--format", "csv", "--point", "balagong/mutton/air", "--from", "2026-01-05T03:30:00Z")
	if status != 0 {
		t.Fatal(errs)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 31 || rows[1][5] != "-18.5" || rows[1][2] != "2026-01-05T03:30:00.000Z" {
		t.Errorf("%d rows (%v): %v", len(rows), err, rows[:min(2, len(rows))])
	}
	status, out, errs = runTool("journal", "export", card)
	if status != 0 {
		t.Fatal(errs)
	}
	p, rejected, err := wire.DecodePack([]byte(strings.TrimSpace(out)), wire.DefaultLimits())
	if err != nil || len(rejected) != 0 || len(p.Records) != 120 {
		t.Errorf("%d records, %d rejected, %v", len(p.Records), len(rejected), err)
	}
}

func TestJournalDamageIsStatusOne(t *testing.T) {
	for name, content := range map[string][]byte{
		"no journal": []byte("this is not a database, and it is long enough to look like one: " + strings.Repeat("x", 4096)),
		"empty":      nil,
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"inspect", "verify", "export", "measure"} {
			status, _, errs := runTool("journal", what, path)
			if status != 1 || !strings.Contains(errs, path) {
				t.Errorf("%s, %s: status %d: %s", name, what, status, errs)
			}
		}
	}
}

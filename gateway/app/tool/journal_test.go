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

// TestJournalExportReadsAroundDamage: what lies behind the damage on a dead
// box's card is evidence as well.
func TestJournalExportReadsAroundDamage(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(ctx, path, journal.Options{Boot: "boot", Scope: "balagong-gw"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	const all = 20_000
	var records []wire.Record
	for i := range all {
		records = append(records, wire.Record{Clock: wire.ClockNTP, Unit: sensors.Celsius,
			Reading: sensors.NewGood("balagong/mutton/air", at.Add(time.Duration(i)*time.Second), -18.5)})
	}
	if _, err := j.Append(ctx, records); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	half := len(file) / 2 / 4096 * 4096
	for _, at := range []int{half + 2000, half/2 + 300} { // in the middle of two pages of records
		copy(file[at:], bytes.Repeat([]byte{0xff}, 40))
	}
	if err := os.WriteFile(path, file, 0o400); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"csv", "senml"} {
		status, out, errs := runTool("journal", "export", path, "--format", format)
		if status != 1 || !strings.Contains(errs, "cannot be read, all others were") {
			t.Errorf("%s: status %d: %s", format, status, errs)
		}
		got := strings.Count(out, "-18.5")
		if got < all-2*300 || got >= all {
			t.Errorf("%s: %d of %d records; want all but those of the two damaged places", format, got, all)
		}
	}
	for _, what := range []string{"inspect", "measure"} {
		if status, _, errs := runTool("journal", what, path); status == 1 && !strings.Contains(errs, "coldchain journal export "+path) {
			t.Errorf("%s does not say what to do: %s", what, errs)
		}
	}
}

package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/sensors/sim"
)

// A folder is gone on with, begun, or refused; never half used.
func TestAFolderThatIsKept(t *testing.T) {
	begun := `{"seed":1,"season":"autumn","faults":"[]","start":"2026-11-28T01:00:00Z","prefill":{"balagong":7}}`
	options := RunOptions{Seed: 1, Season: sim.Autumn}
	for _, c := range []struct {
		name, file, text string
		options          RunOptions
		goesOn           bool
		err              string
	}{
		{"empty", "", "", options, false, ""},
		{"begun whole", keptFile, begun, options, true, ""},
		{"another seed", keptFile, begun, RunOptions{Seed: 2, Season: sim.Autumn}, false, "--seed 1"},
		{"another season", keptFile, begun, RunOptions{Seed: 1, Season: sim.Winter}, false, "--season autumn"},
		{"killed before its past was filled in", "county.db", "x", options, false, "not empty"},
		{"damaged", keptFile, "{", options, false, "name a new folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.file != "" {
				if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			k, err := readKept(dir, c.options)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil || (k != nil) != c.goesOn {
				t.Fatalf("kept %+v, error %v; want going on: %v", k, err, c.goesOn)
			}
			if k != nil && (!k.Start.Equal(time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC)) || k.Prefill["balagong"] != 7) {
				t.Errorf("kept %+v", k)
			}
		})
	}
	if k, err := readKept(filepath.Join(t.TempDir(), "new"), options); k != nil || err != nil {
		t.Errorf("a folder that is not there yet: %+v, %v", k, err)
	}
}

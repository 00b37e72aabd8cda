package chain

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/app/programs"
)

type demoSummary struct {
	Sites, Points, Prefilled, Served, Stored, Lost, Doubled, Quarantined int
	Alarms                                                               []demoAlarm
}

type demoAlarm struct {
	Zone, Rule, State string
	Batches           []string
}

// The demonstration county runs as a newcomer runs it: every reading that its
// simulated devices answered is stored once, the room whose machine failed
// alarms, and the alarm names the batches that lie there.
func TestDemoLosesNothingAndItsAlarmNamesItsBatches(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute and a half; run without -short")
	}
	bin := programs.Build(t)
	for season, story := range map[string]struct {
		zone string
		all  []string // every alarm, by zone and rule
	}{
		"autumn": {"balagong/mutton-1", []string{"balagong/mutton-1 high-limit"}},
		"winter": {"jirigalangtu/potato-1", []string{"jirigalangtu/potato-1 low-limit", "jirigalangtu/site mains-lost"}},
	} {
		t.Run(season, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(filepath.Join(bin, "coldchain"), "demo", "--for", "90s", "--json", "--season", season, "--listen", "127.0.0.1:0")
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("coldchain demo: %v\n%s\n%s", err, said.String(), out)
			}
			var s demoSummary
			if err := json.Unmarshal(out, &s); err != nil {
				t.Fatalf("the summary %q: %v", out, err)
			}
			if s.Sites != 50 || s.Points < 200 || s.Prefilled < 24*60*s.Points || s.Served < s.Points || s.Stored != s.Prefilled+s.Served {
				t.Errorf("summary %+v; want 50 sites, a full day prefilled, and every answer stored", s)
			}
			if s.Lost != 0 || s.Doubled != 0 || s.Quarantined != 0 {
				t.Errorf("%d lost, %d doubled, %d quarantined; want none", s.Lost, s.Doubled, s.Quarantined)
			}
			told := func(a demoAlarm) bool {
				return a.Zone == story.zone && a.State == "unacknowledged" && len(a.Batches) > 0
			}
			var rang []string
			for _, a := range s.Alarms {
				rang = append(rang, a.Zone+" "+a.Rule)
			}
			slices.Sort(rang)
			if !slices.Equal(rang, story.all) || !slices.ContainsFunc(s.Alarms, told) {
				t.Errorf("alarms %+v; want %v, that of %s with its batches", s.Alarms, story.all, story.zone)
			}
		})
	}
	t.Run("ctrl-c ends it cleanly", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		cmd := exec.Command(filepath.Join(bin, "coldchain"), "demo", "--listen", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		said := &lockedBuffer{}
		cmd.Stderr = said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, 30*time.Second, "the page's address", func() bool { return strings.Contains(said.String(), "http://127.0.0.1:") })
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after ctrl-c: %v\n%s", err, said.String())
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left behind in the temporary folder: %v %v", left, err)
		}
	})
}

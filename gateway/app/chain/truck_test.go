package chain

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/app/programs"
)

// TestDemoTruckIsSilentUntilItIsLoaded: the demonstration's idle truck stands
// with a warm box and nobody is told. Once a batch is booked into it, against
// the warning and with a reason, it rings.
func TestDemoTruckIsSilentUntilItIsLoaded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute; run without -short")
	}
	bin, dir := programs.Build(t), t.TempDir()
	cmd := exec.Command(filepath.Join(bin, "coldchain"), "demo", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	said := &lockedBuffer{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("after ctrl-c: %v", err)
		}
	}()
	await(t, 2*time.Minute, "live sampling", func() bool { return strings.Contains(said.String(), "Live since") })
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said.String())

	type zone struct {
		ID           string
		Limits_state string
		Truck        *struct{ Phase, Load string }
		Points       []struct {
			ID      string
			Reading *struct {
				T time.Time
				V *float64
			}
		}
	}
	box := func() (z zone, air float64) {
		var answer struct{ Zones []zone }
		fetch(t, url+"/api/v1/zones?sparkline=0", &answer)
		for _, z = range answer.Zones {
			for _, p := range z.Points {
				if p.ID == "truck-4/box/air" && p.Reading != nil && p.Reading.V != nil {
					return z, *p.Reading.V
				}
			}
		}
		return zone{}, 0
	}
	rings := func() bool {
		var answer struct {
			Alarms []struct{ Rule, Class string }
		}
		fetch(t, url+"/api/v1/alarms?state=all&zone=truck-4/box", &answer)
		return len(answer.Alarms) > 0
	}
	await(t, time.Minute, "the idle truck's newest value", func() bool { _, air := box(); return air > -12 })
	if z, air := box(); z.Truck == nil || z.Truck.Load != "empty" || z.Limits_state != "suppressed" || rings() {
		t.Fatalf("the idle truck, at %.1f °C: %+v, rings %v", air, z, rings())
	}

	token := filepath.Join(dir, "token-for-the-test")
	if err := os.WriteFile(token, []byte("demo"), 0o600); err != nil {
		t.Fatal(err)
	}
	book := func(more ...string) string {
		out, _ := exec.Command(filepath.Join(bin, "coldchain"), append([]string{"batch", "create", "HJQ-TEST-1", "--server", url, "--token-file", token,
			"--zone", "truck-4/box", "--product", "羊肉", "--profile", "mutton-frozen", "--actor", "其其格"}, more...)...).CombinedOutput()
		return string(out)
	}
	if out := book(); !strings.Contains(out, "cool it before loading") && !strings.Contains(out, "先预冷") {
		t.Errorf("loading a warm box: %s", out)
	}
	if out := book("--override", "车要走了"); !strings.Contains(out, "HJQ-TEST-1") {
		t.Fatalf("loading it for a reason: %s", out)
	}
	await(t, 2*time.Minute, "the armed truck rings", rings)
	if z, _ := box(); z.Truck == nil || z.Truck.Load != "loaded" || z.Limits_state != "armed" {
		t.Errorf("%+v", z)
	}
}

func fetch(t *testing.T, url string, into any) {
	t.Helper()
	res, err := byToken(t, "demo", url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

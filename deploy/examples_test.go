package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"coldchain/gateway/config"
	"coldchain/sensors"
)

// installed copies an example to a folder that stands for /etc/coldchain and
// holds the secrets it names.
func installed(t *testing.T, example string) string {
	t.Helper()
	folder := t.TempDir()
	for _, secret := range []string{"mqtt-password", "collector-mqtt-password", "influx-token", "web-token", "ca.crt"} {
		write(t, filepath.Join(folder, secret), "x\n")
	}
	path := filepath.Join(folder, filepath.Base(example))
	write(t, path, strings.ReplaceAll(read(t, example), "/etc/coldchain", folder))
	return path
}

func TestExamplesAreSound(t *testing.T) {
	files, err := filepath.Glob("examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v (%v)", files, err)
	}
	for _, file := range files {
		for _, p := range config.Check(installed(t, file)) {
			t.Errorf("%s: %s", file, p)
		}
	}
}

// TestExamplesFit: the edge and the county of the examples talk of the same
// gateway and the same points.
func TestExamplesFit(t *testing.T) {
	edge, err := config.LoadEdge(installed(t, "examples/edge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	county, err := config.LoadCounty(installed(t, "examples/county.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if edge.County != county.County || edge.Site != county.Sites[0].ID || edge.Gateway != county.Sites[0].Gateway {
		t.Errorf("edge %s/%s/%s and county %s/%s/%s differ", edge.County, edge.Site, edge.Gateway, county.County, county.Sites[0].ID, county.Sites[0].Gateway)
	}
	known := map[sensors.PointID]bool{}
	for _, p := range county.Points() {
		known[p.ID] = true
	}
	points := 0
	for _, d := range edge.Devices {
		for name := range d.Points {
			points++
			if id := sensors.PointID(edge.Site + "/" + d.Zone + "/" + name); !known[id] {
				t.Errorf("the county does not know %s", id)
			}
		}
	}
	if points != len(known) {
		t.Errorf("the edge measures %d points, the county knows %d", points, len(known))
	}
}

// TestUnits lets systemd read our units, with a program that is there in place
// of ours, and looks whether what they name exists.
func TestUnits(t *testing.T) {
	analyze := program(t, "systemd-analyze")
	start := regexp.MustCompile(`(?m)^ExecStart=(\S+) -config /etc/coldchain/(edge|county)\.yaml$`)
	for unit, binary := range map[string]string{"coldchain-edge": "edge-agent", "coldchain-collector": "collector"} {
		text := read(t, "systemd/"+unit+".service")
		m := start.FindStringSubmatch(text)
		if m == nil || filepath.Base(m[1]) != binary {
			t.Errorf("%s does not start %s", unit, binary)
			continue
		}
		if _, err := os.Stat("../cmd/" + binary); err != nil {
			t.Errorf("%s starts %s: %v", unit, binary, err)
		}
		path := filepath.Join(t.TempDir(), unit+".service")
		write(t, path, strings.Replace(text, "ExecStart="+m[1], "ExecStart=/bin/true", 1))
		if out, err := exec.Command(analyze, "verify", path).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: systemd-analyze verify: %v: %s", unit, err, out)
		}
		for _, line := range []string{"Type=notify", "WatchdogSec=", "Restart=always", "ProtectSystem=strict", "StateDirectory=" + unit, "User=" + unit} {
			if !strings.Contains(text, "\n"+line) {
				t.Errorf("%s has no %s", unit, line)
			}
		}
	}
}

package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFaultFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "faults.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	faults, err := ParseFaults(data)
	if err != nil {
		t.Fatal(err)
	}
	p := everyKind(1, Autumn)
	p.Faults = faults
	c := mustNew(t, p)
	measure := func(unit uint8, offset time.Duration) Measurement {
		m, err := c.Measure("store", unit, p.Start.Add(offset))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := measure(2, -time.Minute); !m.Door {
		t.Error("the chilled room's door should stand open")
	}
	if m := measure(3, 0); !m.ProbeOpen {
		t.Error("the dairy room's probe should be broken")
	}
	if m := measure(4, 10*time.Minute); !m.Silent {
		t.Error("the vegetable room's device should be silent")
	}
	if m := measure(4, 16*time.Minute); m.Silent {
		t.Error("the vegetable room's device should answer again")
	}
	if m := measure(5, 0); m.Exception != 6 {
		t.Errorf("exception %d, want 6", m.Exception)
	}
	if m := measure(1, 0); m.Phases != [3]bool{true, false, true} {
		t.Errorf("phases %v, want the second one lost", m.Phases)
	}
}

func TestFaultMistakes(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"unknown key":   {"faults: [{kind: door-open, zonne: store/dairy, at: 0s}]", "zonne"},
		"bad moment":    {"faults: [{kind: door-open, zone: store/dairy, at: yesterday}]", "offset"},
		"unknown kind":  {"faults: [{kind: fire, zone: store/dairy, at: 0s}]", "fire"},
		"no time":       {"faults: [{kind: door-open, zone: store/dairy}]", "at is missing"},
		"no such zone":  {"faults: [{kind: door-open, zone: store/attic, at: 0s}]", "store/attic"},
		"no such site":  {"faults: [{kind: mains-cut, site: moon, at: 0s}]", "moon"},
		"fourth phase":  {"faults: [{kind: mains-cut, site: store, phases: [4], at: 0s}]", "phases"},
		"no device":     {"faults: [{kind: probe-open, site: store, device: none, at: 0s}]", "none"},
		"ends too soon": {"faults: [{kind: mains-cut, site: store, at: 0s, until: -1s}]", "until"},
		"not a mapping": {"- 1", "read faults"},
	} {
		t.Run(name, func(t *testing.T) {
			p := everyKind(1, Autumn)
			var err error
			if p.Faults, err = ParseFaults([]byte(c.file)); err == nil {
				_, err = New(p)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that mentions %q", err, c.want)
			}
		})
	}
}

// Whatever stands in the file, reading it does not panic, and what New accepts
// can be simulated.
func FuzzParseFaults(f *testing.F) {
	f.Add([]byte("faults:\n- {kind: mains-cut, site: store, phases: [1], at: -1h}\n"))
	f.Add([]byte("faults: [{kind: door-open, zone: store/dairy, at: 2026-11-23T08:00:00+08:00}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := everyKind(1, Autumn)
		p.History = time.Minute
		var err error
		if p.Faults, err = ParseFaults(data); err != nil {
			return
		}
		if c, err := New(p); err == nil {
			condition(t, c, "store/dairy", p.Start)
		}
	})
}

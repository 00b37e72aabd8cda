package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAliasBomb: a file of a few kilobytes must not unfold to gigabytes.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("county: hangjin\ndata: x\nsites:\n")
	fmt.Fprintf(&b, "  - &s\n    id: a\n    kind: truck\n    gateway: g\n    zones:\n      - &z {id: z, kind: frozen, points: {air: temperature}}\n")
	b.WriteString(strings.Repeat("      - *z\n", 2000))
	b.WriteString(strings.Repeat("  - *s\n", 2000))
	start := time.Now()
	_, err := ParseCounty("bomb.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "unfolds to more than") {
		t.Errorf("got %.300v, want a refusal for its size", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestAliases: a few are a convenience, as for 38 stations with the same limits.
func TestAliases(t *testing.T) {
	text, err := os.ReadFile("testdata/county-good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := strings.Replace(string(text), "points: {front: temperature, rear: temperature}", "points: *p", 1)
	s = strings.Replace(s, "points: {air: temperature, humidity: humidity}", "points: &p {air: temperature, humidity: humidity}", 1)
	c, err := ParseCounty("county.yaml", []byte(s))
	if err != nil || c.Sites[1].Zones[0].Points["humidity"] != "humidity" {
		t.Errorf("got %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	if _, err := ParseEdge("e.yaml", []byte(strings.Repeat("#\n", maxFileBytes))); err == nil || !strings.Contains(err.Error(), "at most 1048576 are read") {
		t.Errorf("got %v", err)
	}
	if _, err := ParseEdge("e.yaml", []byte("county: "+strings.Repeat("[", 100_000))); err == nil {
		t.Error("deep nesting is accepted")
	}
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	_, err := ParseEdge("e.yaml", []byte(b.String()))
	if lines := strings.Count(err.Error(), "\n"); lines > maxProblems {
		t.Errorf("%d lines of problems", lines)
	}
}

func FuzzParseEdge(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseEdge("f.yaml", data)
		judge(t, e != nil, err)
		if e != nil {
			if again := e.Validate(); Refusal(again) != nil {
				t.Errorf("what was accepted from a file is refused as a struct: %v", again)
			}
		}
	})
}

func FuzzParseCounty(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCounty("f.yaml", data)
		judge(t, c != nil, err)
		if c != nil {
			for _, p := range c.Points() {
				if p.Quantity.Unit() == "" {
					t.Errorf("point %v has no unit", p)
				}
			}
			c.EngineZones()
		}
	})
}

func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]\nsites: *a\n"))
	f.Add([]byte("sites: !!binary aGVsbG8=\ncounty: !x y\n? [a]: b\n"))
	f.Add([]byte("\xff\xfe"))
}

// judge holds every refusal to its form: one line each, with file and line.
func judge(t *testing.T, accepted bool, err error) {
	if accepted != (err == nil) {
		t.Fatalf("accepted %v with error %v", accepted, err)
	}
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !strings.HasPrefix(line, "f.yaml:") || !strings.Contains(line, "; ") {
			t.Errorf("not of the form FILE:LINE: what; want: %q", line)
		}
	}
}

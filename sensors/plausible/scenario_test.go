package plausible

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

// TestScenarios plays the files of testdata. "point NAME QUANTITY KEY=VALUE"
// and "pair A B within= for=" say what is expected; each other line is a step of
// time, how often, the values (in turn, where there are several), and behind |
// the reasons; what has none there must come back as it was. Points without a
// zone are in the room.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { play(t, file) })
	}
}

type scenario struct {
	cfg Config
	c   *Checker
	at  time.Time
}

func play(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := scenario{at: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		n++
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "point":
			s.cfg.Points = append(s.cfg.Points, parsePoint(t, words[1:]))
		case words[0] == "pair":
			s.cfg.Pairs = append(s.cfg.Pairs, parsePair(t, words[1:]))
		default:
			if s.c == nil {
				if s.c, err = New(s.cfg); err != nil {
					t.Fatal(err)
				}
			}
			s.row(t, fmt.Sprintf("%s:%d", file, n), lines.Text())
		}
	}
}

func name(s string) sensors.PointID {
	if !strings.Contains(s, "/") {
		s = "room/" + s
	}
	return sensors.PointID("store/" + s)
}

func parsePoint(t *testing.T, words []string) Point {
	p := Point{Point: sensors.Point{ID: name(words[0]), Quantity: sensors.Quantity(words[1])}}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		number, _ := strconv.ParseFloat(value, 64)
		switch key {
		case "device":
			p.Device = value
		case "bus":
			p.Bus = value
		case "product":
			p.Product = true
		case "rate":
			p.Rate = number
		case "flat":
			p.FlatAfter = int(number)
		case "low":
			p.Low = &number
		case "high":
			p.High = &number
		default:
			t.Fatalf("no rule %q", key)
		}
	}
	return p
}

func parsePair(t *testing.T, words []string) Pair {
	p := Pair{A: name(words[0]), B: name(words[1])}
	var err error
	if p.Within, err = strconv.ParseFloat(strings.TrimPrefix(words[2], "within="), 64); err != nil {
		t.Fatal(err)
	}
	if p.For, err = time.ParseDuration(strings.TrimPrefix(words[3], "for=")); err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *scenario) row(t *testing.T, where, text string) {
	t.Helper()
	given, expected, _ := strings.Cut(text, "|")
	words := strings.Fields(given)
	step, err := time.ParseDuration(words[0])
	if err != nil {
		t.Fatal(where, err)
	}
	words, times := words[1:], 1
	if after, ok := strings.CutPrefix(words[0], "x"); ok {
		if times, err = strconv.Atoi(after); err != nil {
			t.Fatal(where, err)
		}
		words = words[1:]
	}
	want := map[sensors.PointID]sensors.Reason{}
	for _, e := range strings.Fields(expected) {
		point, why, _ := strings.Cut(e, ":")
		want[name(point)] = sensors.Reason(why)
	}
	for i := range times {
		s.at = s.at.Add(step)
		for _, w := range words {
			point, values, _ := strings.Cut(w, "=")
			turn := strings.Split(values, ",")
			in := s.reading(t, name(point), turn[i%len(turn)])
			s.check(t, fmt.Sprintf("%s (%d)", where, i+1), in, want[in.Point])
		}
	}
}

func (s *scenario) reading(t *testing.T, id sensors.PointID, text string) sensors.Reading {
	if why, ok := strings.CutPrefix(text, "bad("); ok {
		return sensors.NewBad(id, s.at, sensors.Reason(strings.TrimSuffix(why, ")")))
	}
	number, why, doubted := strings.Cut(text, "?")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		t.Fatal(err)
	}
	if doubted {
		return sensors.NewUncertain(id, s.at, v, sensors.Reason(why))
	}
	return sensors.NewGood(id, s.at, v)
}

func (s *scenario) check(t *testing.T, where string, in sensors.Reading, want sensors.Reason) {
	t.Helper()
	out := s.c.Observe(in)
	if out.Reason != want {
		t.Errorf("%s: %s, want reason %q", where, out, want)
	}
	unchanged(t, in, out)
}

// unchanged checks what Observe promises about every reading.
func unchanged(t *testing.T, in, out sensors.Reading) {
	t.Helper()
	v, ok := in.Value()
	w, ok2 := out.Value()
	raw, has := in.Raw()
	raw2, has2 := out.Raw()
	if v != w || ok != ok2 || raw != raw2 || has != has2 || in.Point != out.Point || !in.Time.Equal(out.Time) {
		t.Errorf("%s came back as %s", in, out)
	}
	if out.Quality > in.Quality || out.Quality == sensors.Bad && in.Quality != sensors.Bad {
		t.Errorf("%s: the quality became %s", in, out.Quality)
	}
	if (out.Quality == sensors.Good) != (out.Reason == sensors.NoReason) {
		t.Errorf("%s: a reason belongs to what is not good", out)
	}
}

package calibration

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/sensors"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const air sensors.PointID = "balagong/mutton-1/air"

func day(n int) time.Time { return time.Date(2026, 11, n, 8, 0, 0, 0, time.UTC) }

// sound is a record of a frozen room's probe, valid from day 1 to day 20.
func sound() Record {
	return Record{
		Point: air, Quantity: sensors.Temperature, Certificate: "RD2026-00417", Reference: "Fluke 1524 SN 4051, 5608 probe SN 112",
		Pairs: []Pair{{Reference: -18, Indicated: -17.6}, {Reference: 0, Indicated: 0.2}},
		Place: "巴拉贡冷库羊肉一库", By: "王工", From: day(1), Until: day(20), Photo: "balagong-mutton-1-air.jpg",
	}
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "calibration.jsonl") }

func enter(t testing.TB, path string, r Record, at time.Time) Entry {
	t.Helper()
	e, err := Append(path, r, "installer:wang", at)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func load(t testing.TB, path string) *Book {
	t.Helper()
	b, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// three is a book of three records.
func three(t testing.TB, path string) {
	t.Helper()
	enter(t, path, sound(), day(1))
	next := sound()
	next.From, next.Until, next.Supersedes, next.Photo = day(15), day(30), 1, ""
	enter(t, path, next, day(14))
	rh := sound()
	rh.Point, rh.Quantity, rh.Pairs = "balagong/mutton-1/humidity", sensors.Humidity, []Pair{{Reference: 75.3, Indicated: 78}}
	enter(t, path, rh, day(14).Add(500*time.Millisecond))
}

// TestFormat holds the file's form: a change of it would make every book look
// forged.
func TestFormat(t *testing.T) {
	path := newPath(t)
	three(t, path)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/book.jsonl"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b := load(t, golden)
	if len(b.Entries()) != 3 || b.Torn() || b.Head() != b.Entries()[2].Hash || b.Entries()[2].Entered != day(14).Add(time.Second) {
		t.Errorf("%+v", b.Entries())
	}
}

// TestAStrangerCanCheckTheChain uses sed and sha256sum only.
func TestAStrangerCanCheckTheChain(t *testing.T) {
	out, err := exec.Command("sh", "-c", `
		prev=0000000000000000000000000000000000000000000000000000000000000000
		while IFS= read -r line; do
			hash=$(printf %s "$line" | sed 's/"[0-9a-f]*"}$//' | sha256sum | cut -d' ' -f1)
			case $line in *"\"prev\":\"$prev\",\"hash\":\"$hash\"}") echo ok;; *) echo bad;; esac
			prev=$hash
		done < testdata/book.jsonl`).CombinedOutput()
	if err != nil {
		t.Skipf("no shell tools: %v %s", err, out)
	}
	if got := strings.Fields(string(out)); strings.Join(got, " ") != "ok ok ok" {
		t.Errorf("sha256sum says %v", got)
	}
}

func TestEveryChangeIsNoticed(t *testing.T) {
	path := newPath(t)
	three(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))[:3]
	for i := range whole {
		for _, c := range []byte("0 9\n") {
			if whole[i] == c {
				continue
			}
			changed := bytes.Clone(whole)
			changed[i] = c
			b, err := Read(bytes.NewReader(changed))
			if err == nil && !b.Torn() {
				t.Fatalf("byte %d made %q is accepted", i, c)
			}
		}
	}
	for name, text := range map[string][]byte{
		"line 1: record 2 where 1 is next":   bytes.Join(lines[1:], nil),
		"line 2: record 3 where 2 is next":   append(bytes.Clone(lines[0]), lines[2]...),
		"line 2: record 1 where 2 is next":   append(bytes.Clone(lines[0]), lines[0]...),
		"line 1: record 2 where 1 is next: ": append(bytes.Clone(lines[1]), lines[0]...),
		"line 4: not a calibration record":   append(bytes.Clone(whole), "\n"...),
	} {
		if _, err := Read(bytes.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

// TestATornLine: at whichever byte the power fails, what was entered before
// stands and the next record can be entered.
func TestATornLine(t *testing.T) {
	path := newPath(t)
	three(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for _, cut := range []int{second + 1, second + 100, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:cut], 0o640); err != nil {
			t.Fatal(err)
		}
		if b := load(t, path); !b.Torn() || len(b.Entries()) != 2 {
			t.Errorf("cut at %d: torn %v, %d records", cut, b.Torn(), len(b.Entries()))
		}
		rh := sound()
		rh.Point, rh.Quantity, rh.Pairs = "balagong/mutton-1/humidity", sensors.Humidity, []Pair{{Reference: 75.3, Indicated: 78}}
		enter(t, path, rh, day(14).Add(time.Second))
		if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("cut at %d: the record does not stand where it was (%v)", cut, err)
		}
	}
	for cut := second; cut < len(whole); cut++ {
		if b, err := Read(bytes.NewReader(whole[:cut])); err != nil || len(b.Entries()) != 2 {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

func TestRefusedRecords(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*Record)
	}{
		{`point "balagong"`, func(r *Record) { r.Point = "balagong" }},
		{"quantity", func(r *Record) { r.Quantity = sensors.Door }},
		{"certificate", func(r *Record) { r.Certificate = "" }},
		{"reference", func(r *Record) { r.Reference = " " }},
		{"place", func(r *Record) { r.Place = "a\nb" }},
		{"by", func(r *Record) { r.By = strings.Repeat("x", 200) }},
		{"certificate", func(r *Record) { r.Certificate = "\xff" }},
		{"photo", func(r *Record) { r.Photo = "../../etc/passwd" }},
		{"until", func(r *Record) { r.Until = r.From }},
		{"from and until", func(r *Record) { r.From = time.Time{} }},
		{"five years", func(r *Record) { r.Until = r.From.AddDate(9, 0, 0) }},
		{"0 pairs", func(r *Record) { r.Pairs = nil }},
		{"33 pairs", func(r *Record) { r.Pairs = make([]Pair, 33) }},
		{"replace the probe", func(r *Record) { r.Pairs = []Pair{{Reference: 0, Indicated: 2.1}} }},
		{"want -90 to 150", func(r *Record) { r.Pairs = []Pair{{Reference: math.NaN(), Indicated: 0}} }},
		{"both rise", func(r *Record) { r.Pairs = []Pair{{Reference: 0, Indicated: 0}, {Reference: 1, Indicated: 0}} }},
		{"both rise", func(r *Record) { r.Pairs = []Pair{{Reference: 1, Indicated: 0}, {Reference: 0.5, Indicated: 1}} }},
		{"supersedes record 7, which is no record", func(r *Record) { r.Supersedes = 7 }},
		{"before it was entered", func(r *Record) { r.From, r.Until = day(1).AddDate(-1, 0, 0), day(1) }},
	} {
		path, r := newPath(t), sound()
		tt.change(&r)
		_, err := Append(path, r, "installer:wang", day(1).Add(time.Hour))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("want %q, got %v", tt.want, err)
		}
		if b := load(t, path); len(b.Entries()) != 0 {
			t.Errorf("%s: it was written", tt.want)
		}
	}
	if _, err := Append(newPath(t), sound(), "", day(1)); err == nil {
		t.Error("a record without an actor is entered")
	}
}

func TestOverlapsAreRefused(t *testing.T) {
	path := newPath(t)
	enter(t, path, sound(), day(1))
	next := sound()
	next.From, next.Until = day(19), day(29)
	if _, err := Append(path, next, "installer:wang", day(2)); err == nil || !strings.Contains(err.Error(), "overlaps record 1") {
		t.Errorf("got %v", err)
	}
	// One that begins before it is entered counts from then.
	next.From = day(2)
	enter(t, path, next, day(20))
	other := sound()
	other.Point, other.Until = "balagong/mutton-2/air", day(29)
	enter(t, path, other, day(20))
	if _, err := Append(path, other, "installer:wang", day(19)); err == nil || !strings.Contains(err.Error(), "is the clock right?") {
		t.Errorf("a clock that went back: %v", err)
	}
	wrong := sound()
	wrong.Quantity, wrong.From, wrong.Until = sensors.Humidity, day(29), day(30)
	wrong.Pairs = []Pair{{Reference: 75.3, Indicated: 78}}
	if _, err := Append(path, wrong, "installer:wang", day(29)); err == nil || !strings.Contains(err.Error(), "was temperature in record 1") {
		t.Errorf("got %v", err)
	}
}

func TestTwoProgramsAtOnce(t *testing.T) {
	path := newPath(t)
	var wait sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wait.Go(func() {
			r := sound()
			r.Point = sensors.PointID(fmt.Sprintf("balagong/room-%d/air", i))
			_, errs[i] = Append(path, r, "installer:wang", day(1))
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if b := load(t, path); len(b.Entries()) != 20 {
		t.Errorf("%d records", len(b.Entries()))
	}
}

func TestDue(t *testing.T) {
	path := newPath(t)
	three(t, path) // air ends on day 30 by record 2, humidity on day 20
	b := load(t, path)
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{day(5), ""}, {day(16), "3"}, {day(23), "2 3"}, {day(29), "2 3"},
	} {
		var got []string
		for _, e := range b.Due(tt.at, 7*24*time.Hour) {
			got = append(got, fmt.Sprint(e.Seq))
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("on %s: %q, want %q", tt.at.Format(time.DateOnly), text, tt.want)
		}
	}
}

func TestAFolderIsNoBook(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a folder is read")
	}
	if _, err := Append(filepath.Join(t.TempDir(), "no", "such"), sound(), "x", day(1)); err == nil {
		t.Error("written into no folder")
	}
}

// FuzzRead: no input panics, and what is accepted is what would be written.
func FuzzRead(f *testing.F) {
	if golden, err := os.ReadFile("testdata/book.jsonl"); err == nil {
		f.Add(golden, 0, byte(0))
		f.Add(golden[:len(golden)-7], 100, byte('x'))
	}
	f.Add([]byte("{}\n"), 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if len(data) > 0 && at >= 0 {
			data = bytes.Clone(data)
			data[at%len(data)] ^= flip
		}
		b, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var again []byte
		for _, e := range b.Entries() {
			line, err := e.line(digest)
			if err != nil {
				t.Fatal(err)
			}
			again = append(append(again, line...), '\n')
		}
		if !bytes.HasPrefix(data, again) || int64(len(again)) != b.size {
			t.Fatalf("read %q, would write %q", data, again)
		}
		b.Apply(sensors.NewGood(air, day(16), 4))
	})
}

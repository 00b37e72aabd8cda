package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestALongListGrowsOverNoTimeThatWasNotDeclared(t *testing.T) {
	l := &gapList{}
	type minute struct{ cause, scope string }
	declaredMinutes := map[minute]map[int64]bool{}
	for i := range maxListed + 300 {
		r := restartGap(2 * i)
		if i < 100 || i%7 == 0 {
			r.Gap.From = r.Gap.From.Add(-time.Minute) // touches the one before
		}
		if i%50 == 3 {
			r.Gap.Cause = CauseDiskLimit
		}
		of := minute{r.Gap.Cause, r.Gap.Scope}
		if declaredMinutes[of] == nil {
			declaredMinutes[of] = map[int64]bool{}
		}
		for at := r.Gap.From; at.Before(r.Gap.To); at = at.Add(time.Minute) {
			declaredMinutes[of][at.Unix()] = true
		}
		l.add(declared{r.Gap, "ntp"})
		l.bound()
	}
	if len(l.gaps) > maxListed {
		t.Fatalf("%d gaps are listed; want %d at most", len(l.gaps), maxListed)
	}
	for _, d := range l.gaps {
		for at := d.gap.From; at.Before(d.gap.To); at = at.Add(time.Minute) {
			if !declaredMinutes[minute{d.gap.Cause, d.gap.Scope}][at.Unix()] {
				t.Fatalf("the list says %+v, of which %s was never declared", d.gap, at)
			}
		}
	}
	if l.forgotten == 0 || l.forgotten > 250 {
		t.Errorf("%d gaps were left out; want some, and fewer than without making those one that touch", l.forgotten)
	}
}

func TestTheListReadsBackAsItWasWritten(t *testing.T) {
	l := &gapList{epoch: 3, generation: "store \"7\"\n", upto: 1 << 40, forgotten: 2}
	for i := range 4 {
		r := restartGap(2 * i)
		r.Gap.Scope, r.Gap.Count = "冷库 \"1\"\n", uint64(i)
		l.add(declared{r.Gap, "ntp+"})
	}
	got, err := parseGapList(l.text())
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", l) {
		t.Errorf("%+v, %v\nwant %+v", got, err, l)
	}
}

// Whatever lies there, reading it ends, and nothing comes out of it whose sum is
// not right.
func FuzzGapList(f *testing.F) {
	l := &gapList{epoch: 1, generation: "store-1", upto: 9}
	f.Add([]byte{})
	f.Add(l.text())
	for i := range 3 {
		l.add(declared{restartGap(2 * i).Gap, "ntp"})
	}
	f.Add(l.text())
	f.Add(append(l.text(), l.text()...))
	f.Fuzz(func(t *testing.T, file []byte) {
		l, err := parseGapList(file)
		if len(l.gaps) > maxListed {
			t.Fatalf("%d gaps", len(l.gaps))
		}
		again, damage := parseGapList(l.text())
		if damage != nil || len(again.gaps) != len(l.gaps) || again.epoch != l.epoch || again.generation != l.generation {
			t.Fatalf("what was read (%v) does not read back: %+v, %v", err, l, damage)
		}
	})
}

// Every bit of the list's file, turned over: no gap comes out that was not
// declared, and a gap that is missing is damage that is told.
func TestNoBitOfTheListTurnsOverUnseen(t *testing.T) {
	l := &gapList{epoch: 2, generation: "store-1", upto: 77}
	for i := range 3 {
		l.add(declared{restartGap(2 * i).Gap, "ntp"})
	}
	file := l.text()
	for i := range file {
		for bit := range 8 {
			bad := slices.Clone(file)
			bad[i] ^= 1 << bit
			got, err := parseGapList(bad)
			for _, d := range got.gaps {
				if !slices.Contains(l.gaps, d) {
					t.Fatalf("byte %d, bit %d: %+v was never declared", i, bit, d)
				}
			}
			if err == nil && (len(got.gaps) != len(l.gaps) || got.generation != l.generation || got.epoch != l.epoch) {
				t.Fatalf("byte %d, bit %d: nothing is said of a damage that took something", i, bit)
			}
		}
	}
}

package alarms

import "testing"

// Each row is a record and what the timeline makes of it: the time, and the
// wall time that it gives back for it then.
func TestTimeline(t *testing.T) {
	const day = 86_400_000
	const w = 1_780_000_000_000 // a wall time
	type row struct {
		boot       string
		mono, wall int64
		believed   bool
		want       int64
		jumped     bool
	}
	for name, rows := range map[string][]row{
		"a clock that is right is the time": {{"a", 5000, w, true, w, true}, {"a", 65_000, w + 60_000, true, w + 60_000, false}, {"a", 125_000, w + 120_003, true, w + 120_003, false}},
		"without a clock it is the monotonic one": {{"a", 5000, 12_000, false, firstTime, true}, {"a", 65_000, 72_000, false, firstTime + 60_000, false},
			{"a", 125_000, w, true, firstTime + 120_000, false}, {"a", 185_000, w + 60_000, true, firstTime + 180_000, false}},
		"a step moves nothing":            {{"a", 0, w, true, w, true}, {"a", 60_000, w + day, false, w + 60_000, false}, {"a", 120_000, w + day + 60_000, true, w + 120_000, false}},
		"a record of another line, older": {{"a", 60_000, w, true, w, true}, {"a", 59_000, w - 1000, true, w - 1000, false}, {"a", 61_000, w + 1000, true, w + 1000, false}},
		"off for a day":                   {{"a", 60_000, w, true, w, true}, {"b", 3000, w + day, true, w + day, true}},
		"off, and no clock afterwards":    {{"a", 60_000, w, true, w, true}, {"b", 3000, 0, false, w + 1, true}, {"b", 63_000, 60_000, false, w + 60_001, false}, {"b", 123_000, w + day, true, w + 120_001, false}},
		"off, and the clock set back":     {{"a", 60_000, w, true, w, true}, {"b", 3000, w - day, true, w + 1, true}, {"b", 63_000, w - day + 60_000, true, w + 60_001, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var l timeline
			for i, r := range rows {
				got, jumped := l.place(r.boot, r.mono, r.wall, r.believed)
				if got != r.want || jumped != r.jumped {
					t.Fatalf("row %d: %d (jumped %v), want %d (%v)", i, got, jumped, r.want, r.jumped)
				}
				if back, known := l.wall(got); r.believed && (!known || back != r.wall) {
					t.Errorf("row %d: wall time %d %v, want %d", i, back, known, r.wall)
				}
			}
		})
	}
}

// What began before the clock came gets its wall time from the clock that came;
// what began in an earlier stretch keeps that one's.
func TestTimelineLooksBack(t *testing.T) {
	var l timeline
	began, _ := l.place("a", 1000, 0, false)
	if _, known := l.wall(began); known {
		t.Error("a wall time before any clock was there")
	}
	l.place("a", 61_000, 1_780_000_000_000, true)
	if got, known := l.wall(began); !known || got != 1_779_999_940_000 {
		t.Errorf("began at %d %v; want a minute before the clock came", got, known)
	}
	l.place("a", 121_000, 1_790_000_000_000, true) // a step
	if got, _ := l.wall(began); got != 1_779_999_940_000 {
		t.Errorf("after a step it began at %d; want what was told before", got)
	}
}

package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// TestARunCutByHolesIsOneAlarmInTheEnd cuts a run outside into pieces with
// holes between and delivers what lies in the holes afterwards. In the order of
// time it is one live alarm from the first reading on. In any other order a
// part may have been told as late before it turned out to belong to the rest;
// then nothing of the run is missing, and one alarm is live.
func TestARunCutByHolesIsOneAlarmInTheEnd(t *testing.T) {
	const lasts = 200 // minutes outside, all told
	minute := func(i int) time.Time { return day.Add(time.Duration(i+10) * time.Minute) }
	several, one := 0, 0
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		e := newEngine(t, oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: 45 * time.Minute}, 0.5), day)
		present := map[string]alerting.Alarm{}
		note := func(list []alerting.Transition) {
			for _, tr := range list {
				if tr.Alarm.Rule == alerting.HighLimit {
					present[tr.Alarm.ID] = tr.Alarm
				}
			}
		}
		observe := func(i int, v float64, now time.Time) { note(e.Observe(sensors.NewGood(air, minute(i), v), now)) }

		observe(-1, 2, minute(-1))
		holes := pieces(rnd, lasts, func(i int) { observe(i, 5, minute(i)) })
		now, inOrder := minute(lasts), seed%2 == 0
		if !inOrder {
			rnd.Shuffle(len(holes), func(i, k int) { holes[i], holes[k] = holes[k], holes[i] })
		}
		for _, h := range holes {
			for i := h[0]; i < h[1]; i++ {
				observe(i, 5, now)
			}
			if !inOrder && rnd.IntN(2) == 0 {
				now = now.Add(time.Minute)
				note(e.Advance(now))
			}
		}
		note(e.Advance(now.Add(20 * time.Minute)))
		note(e.Advance(now.Add(21 * time.Minute)))
		if len(holes) > 1 {
			several++
		}
		earliest, live := minute(lasts), 0
		for _, a := range present {
			if a.Start.Before(earliest) {
				earliest = a.Start
			}
			if a.Class == alerting.Live {
				live++
			}
			if !a.State.Present() {
				t.Errorf("seed %d: over, though nothing was inside: %+v", seed, a)
			}
		}
		if len(present) == 1 {
			one++
		}
		if live != 1 || !earliest.Equal(minute(0)) || inOrder && len(present) != 1 {
			t.Fatalf("seed %d, holes %v: %+v; want a live alarm, and the run since %s", seed, holes, present, minute(0))
		}
	}
	t.Logf("%d runs with several holes; %d of 400 became one alarm", several, one)
	if several < 100 || one < 250 {
		t.Errorf("%d runs had more than one hole, %d became one alarm: want 100 and 250", several, one)
	}
}

// pieces delivers some minutes of a run and returns the holes between: from the
// first minute missing to the first that is there again.
func pieces(rnd *rand.Rand, lasts int, deliver func(minute int)) (holes [][2]int) {
	for i := 0; ; {
		for n := 1 + rnd.IntN(8); n > 0 && i < lasts; n-- {
			deliver(i)
			i++
		}
		if i >= lasts {
			return holes
		}
		end := min(i+46+rnd.IntN(10), lasts-1)
		if i < end {
			holes = append(holes, [2]int{i, end})
		}
		i = end
	}
}

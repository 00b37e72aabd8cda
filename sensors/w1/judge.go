package w1

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"coldchain/sensors"
)

// A suspect number is believed when a neighbour is this near: then it is wrong
// by no more than that, whatever the chip did.
const (
	agreement = 2000             // thousandths of a °C
	memory    = 15 * time.Minute // how long the probe's own last reading counts
)

// evidence is a probe's last good reading that was beyond suspicion. Suspect
// ones do not count, or a chip stuck at 85 °C would vouch for itself.
type evidence struct {
	milli int
	at    time.Time
}

// judge makes a reading of a sample; others are the poll's samples.
func (b *Bus) judge(s sample, others []sample) sensors.Reading {
	a := s.answer
	value := float64(a.Milli) / 1000
	if a.Why == sensors.NoReason && a.Suspect && !b.agreed(s, others) {
		a.Why = sensors.SensorFault
	}
	switch {
	case a.Why != sensors.NoReason && a.Known:
		return sensors.NewBad(s.point, s.at, a.Why).WithRaw(value)
	case a.Why != sensors.NoReason:
		return sensors.NewBad(s.point, s.at, a.Why)
	}
	if !a.Suspect {
		b.last[s.probe] = evidence{a.Milli, s.at}
	}
	return sensors.NewGood(s.point, s.at, value)
}

// agreed reports whether the probe's own last reading or another probe of the
// bus is near the suspect number. A suspect sibling does not count: a power cut
// puts every chip of the bus at 85 °C.
func (b *Bus) agreed(s sample, others []sample) bool {
	if e, ok := b.last[s.probe]; ok && s.at.Sub(e.at) <= memory && near(s.answer.Milli, e.milli) {
		return true
	}
	for _, o := range others {
		if o.probe != s.probe && o.answer.Why == sensors.NoReason && !o.answer.Suspect && near(s.answer.Milli, o.answer.Milli) {
			return true
		}
	}
	return false
}

func near(a, b int) bool { return a-b <= agreement && b-a <= agreement }

// reasonOf turns an error of a file into the reason of a bad reading.
func reasonOf(err error) sensors.Reason {
	var late interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return sensors.Cancelled
	case errors.Is(err, fs.ErrPermission):
		return sensors.ConfigFault // the agent's user may not read it
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return sensors.SensorFault // kernels before 5.8, on an unplugged probe
	case errors.As(err, &late) && late.Timeout():
		return sensors.Timeout
	}
	return sensors.Unreachable
}

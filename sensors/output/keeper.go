package output

import "time"

// Schedule says how an output is kept in its wanted state. Zero fields take the
// defaults.
type Schedule struct {
	Retry    time.Duration // after the first failure, doubling; default 1 s
	RetryMax time.Duration // at most; default 60 s
	Refresh  time.Duration // a confirmed state is set again after it, for a relay module that lost power; default 30 s
}

func (s Schedule) withDefaults() Schedule {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&s.Retry, time.Second)
	set(&s.RetryMax, time.Minute)
	set(&s.Refresh, 30*time.Second)
	return s
}

// State is what is known of an output.
type State struct {
	Wanted    bool
	Confirmed bool      // read back as wanted; false also when not yet tried
	Failing   bool      // the last attempt failed: what the output does is not known
	Failures  int       // in a row
	Since     time.Time // of the last confirmation, or of the first failure while failing
	Err       error     // of the last attempt, while failing
}

// Change is what an attempt changed, for the log and the journal.
type Change uint8

// The changes. Each failure that follows another is NoChange: State tells it.
const (
	NoChange  Change = iota
	Failed           // the output stopped obeying
	Recovered        // the output obeys again
)

// String returns the change as a word.
func (c Change) String() string {
	switch c {
	case Failed:
		return "failed"
	case Recovered:
		return "recovered"
	}
	return "no change"
}

// Keeper decides when an output is to be switched: at once when something else
// is wanted, again after a failure, and from time to time although confirmed.
// It begins by wanting off, so that a siren left on by a crash falls silent. It
// reads no clock and is used by one goroutine at a time.
type Keeper struct {
	schedule Schedule
	state    State
	on       bool // the confirmed state, when confirmed
	known    bool
	tried    bool
	last     time.Time // the last attempt
	// doublings of the pause between failing attempts since something else was
	// wanted.
	doublings int
}

// NewKeeper returns the keeper of one output.
func NewKeeper(s Schedule) *Keeper { return &Keeper{schedule: s.withDefaults()} }

// Want sets the wanted state. A new wish is tried soon, however long the output
// has been failing.
func (k *Keeper) Want(on bool) {
	if on != k.state.Wanted {
		k.state.Wanted, k.doublings = on, 0
	}
}

// State returns what is known of the output.
func (k *Keeper) State() State {
	s := k.state
	s.Confirmed = k.known && k.on == s.Wanted
	return s
}

// Due returns the wanted state and from when on it is to be set; a time that is
// not after now means at once.
func (k *Keeper) Due() (on bool, at time.Time) {
	on = k.state.Wanted
	switch {
	case !k.tried:
		return on, time.Time{}
	case k.state.Failing:
		return on, k.last.Add(k.pause())
	case k.on != on:
		return on, k.last
	}
	return on, k.last.Add(k.schedule.Refresh)
}

// pause is the time between two attempts that fail.
func (k *Keeper) pause() time.Duration {
	d := k.schedule.Retry
	for i := 0; i < k.doublings && d < k.schedule.RetryMax; i++ {
		d *= 2
	}
	return min(d, max(k.schedule.RetryMax, k.schedule.Retry))
}

// Done records that an attempt to switch to on ended at now.
func (k *Keeper) Done(now time.Time, on bool, err error) Change {
	k.tried, k.last = true, now
	was := k.state.Failing
	if err != nil {
		k.known = false
		k.state.Failures++
		k.state.Failing, k.state.Err = true, err
		if was {
			k.doublings++
			return NoChange
		}
		k.doublings = 0
		k.state.Since = now
		return Failed
	}
	k.on, k.known = on, true
	k.state.Failures, k.state.Failing, k.state.Err, k.state.Since = 0, false, nil, now
	if was {
		return Recovered
	}
	return NoChange
}

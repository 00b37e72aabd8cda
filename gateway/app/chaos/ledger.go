// Package chaos is the account that `make chaos` keeps: what slaves answered,
// what was done to the county meanwhile, and what is stored in the end. It
// guarantees that a poll of which nothing is stored is called lost unless an
// agent declared why, and that a declaration without a fault behind it is found.
package chaos

import (
	"fmt"
	"time"
)

// Poll is one question that a slave was asked.
type Poll struct {
	Counter uint32
	Asked   time.Time
	// Answered is when the answer was sent; zero when there was none on
	// purpose, and Reason is then what a bad reading must say.
	Answered time.Time
	Reason   string
}

func (p Poll) wasAnswered() bool { return !p.Answered.IsZero() }

// Row is one reading as the store has it.
type Row struct {
	Channel  string
	At       time.Time
	Value    float64
	HasValue bool
	Reason   string
	Epoch    uint64
	Seq      uint64
	// Reconstructed rows were placed by the monotonic clock; Uncertain ones only
	// between two bounds.
	Reconstructed, Uncertain bool
}

// Gap is a stretch that an agent has declared missing.
type Gap struct {
	From, To time.Time
	Cause    string
	Epoch    uint64
	Seq      uint64
}

// Life is one run of the agent.
type Life struct{ Began, Ended time.Time }

// Setting is what the agent's wall clock was set to: so far from the
// harness's, from then on.
type Setting struct {
	From   time.Time
	Offset time.Duration
}

// Damage is something done to an agent's disk, or to what the county knows of
// it. What was answered between Reach and To, and not delivered, may be gone.
type Damage struct {
	Kind     Kind
	Reach    time.Time // zero: From
	From, To time.Time
}

func (d Damage) reach() time.Time {
	if d.Reach.IsZero() {
		return d.From
	}
	return d.Reach
}

// Bound is an agent's word on a start of its machine that never had a clock, or
// lost it: it began between Earliest and Latest, and was put to Began.
type Bound struct{ Earliest, Latest, Began time.Time }

// Site is everything that is known of one site.
type Site struct {
	Name    string
	Polls   []Poll // in order
	Rows    []Row
	Gaps    []Gap
	Lives   []Life
	Clock   []Setting // in order; empty: never touched
	Damages []Damage
	Bounds  []Bound
	Commit  time.Duration // longest wait before a reading is durable
	Timeout time.Duration // for one question
	Period  time.Duration // from one poll to the next, when there is time for it
}

// Findings are faults of one kind: how many, and the first of each site in words.
type Findings struct {
	Count int
	First []string
}

const firstFindings = 8

func (f *Findings) add(format string, args ...any) {
	f.Count++
	if len(f.First) < firstFindings {
		f.First = append(f.First, fmt.Sprintf(format, args...))
	}
}

func (f *Findings) join(o Findings) {
	f.Count += o.Count
	f.First = append(f.First, o.First...)
}

// Account is the outcome. The counts are of readings: one a channel and poll.
type Account struct {
	Answered   int // polls
	Unanswered int // polls
	Stored     int
	Declared   int // answered, not stored, inside a declared gap
	Late       int // answered, but after the agent had given up on it, and stored as that
	Bad        int // of unanswered polls, stored as bad
	Gaps       int

	Lost       Findings
	Doubled    Findings
	Altered    Findings
	Unordered  Findings
	Undeclared Findings // gaps without a fault behind them, or with readings in them

	// LongestLoss is how long before a kill the oldest reading was answered
	// that went with it.
	LongestLoss time.Duration
}

// Join adds another site's.
func (a *Account) Join(o Account) {
	a.Answered += o.Answered
	a.Unanswered += o.Unanswered
	a.Stored += o.Stored
	a.Declared += o.Declared
	a.Late += o.Late
	a.Bad += o.Bad
	a.Gaps += o.Gaps
	a.Lost.join(o.Lost)
	a.Doubled.join(o.Doubled)
	a.Altered.join(o.Altered)
	a.Unordered.join(o.Unordered)
	a.Undeclared.join(o.Undeclared)
	a.LongestLoss = max(a.LongestLoss, o.LongestLoss)
}

// Clean reports whether every promise was kept.
func (a Account) Clean() bool {
	return a.Lost.Count+a.Doubled.Count+a.Altered.Count+a.Unordered.Count+a.Undeclared.Count == 0
}

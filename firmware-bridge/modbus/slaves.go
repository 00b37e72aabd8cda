package modbus

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// The back-off of a slave. A dead slave must not cost its neighbours a timeout
// on every poll, and must be found again within a minute or so.
const (
	failuresBeforeBackoff = 3
	firstSilence          = time.Second
	maxSilence            = 60 * time.Second
)

// Stats are the counters of a line since it was made, for status pages.
type Stats struct {
	Line      string
	Connected bool
	Opened    uint64       // times the port or connection was opened
	Strays    uint64       // bytes thrown away that no question had asked for (serial lines)
	Slaves    []SlaveStats // in the order of their numbers
}

// SlaveStats are the counters of one slave. Asked is the sum of the five
// outcomes, questions given up and questions that a vanished line swallowed.
type SlaveStats struct {
	Slave      uint8
	Asked      uint64 // questions that went out
	Answered   uint64 // with data
	Timeouts   uint64
	CRCErrors  uint64
	Exceptions uint64
	BadAnswers uint64 // CRC errors not among them

	// From the question's last byte handed over to its answer accepted; the
	// average is a moving one, over about the last eight answers.
	LastLatency, AverageLatency time.Duration

	LastAnswer     time.Time // zero before the first; exceptions count
	LastError      string    // of the latest question that failed; "" after an answer
	BackedOffUntil time.Time // zero when the slave is asked as usual
}

// slaves keeps the record of every slave that was asked. It has its own lock,
// so that a status page never waits for the line.
type slaves struct {
	mu sync.Mutex
	of map[uint8]*record

	connected      bool
	opened, strays uint64
}

type record struct {
	SlaveStats
	failed int // questions in a row
	back   backoff
}

// get returns a slave's record. The lock is held.
func (s *slaves) get(slave uint8) *record {
	r := s.of[slave]
	if r == nil {
		r = &record{SlaveStats: SlaveStats{Slave: slave}, back: backoff{first: firstSilence, max: maxSilence}}
		if s.of == nil {
			s.of = make(map[uint8]*record)
		}
		s.of[slave] = r
	}
	return r
}

// blocked reports how long the slave is left alone, and why.
func (s *slaves) blocked(slave uint8, now time.Time) (left time.Duration, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.get(slave)
	left, blocked := r.back.blocked(now)
	if !blocked {
		return 0, nil
	}
	return left, r.back.last
}

// note records how a question ended that went out at sent. fair says that the
// slave had time enough for a missing answer to be held against it.
func (s *slaves) note(slave uint8, sent, now time.Time, e *Error, fair bool, jitter float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.get(slave)
	r.Asked++
	if e == nil || e.kind == kindException {
		r.LastAnswer = now
		r.latency(now.Sub(sent))
	}
	if e == nil {
		r.Answered++
		r.LastError, r.failed = "", 0
		r.back.reset()
		return
	}
	r.LastError = e.err.Error()
	dead := false
	switch e.kind {
	case kindException:
		r.Exceptions++
		// 10 and 11 are a gateway speaking for a slave that did not answer it,
		// at the cost of the gateway's own time-out.
		dead = e.exception == 10 || e.exception == 11
		if !dead {
			r.failed = 0
			r.back.reset()
		}
	case kindTimeout:
		r.Timeouts++
		dead = fair
	case kindBadAnswer:
		if e.crc {
			r.CRCErrors++
		} else {
			r.BadAnswers++
		}
		dead = true
	}
	if !dead {
		return
	}
	if r.failed++; r.failed >= failuresBeforeBackoff {
		r.back.fail(now, jitter, e.err)
	}
}

func (r *record) latency(d time.Duration) {
	r.LastLatency = d
	if r.AverageLatency == 0 {
		r.AverageLatency = d
	} else {
		r.AverageLatency += (d - r.AverageLatency) / 8
	}
}

func (s *slaves) opening(open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connected = open; open {
		s.opened++
	}
}

func (s *slaves) stray(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strays += uint64(n)
}

func (s *slaves) stats(line string, now time.Time) Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Stats{Line: line, Connected: s.connected, Opened: s.opened, Strays: s.strays}
	for _, r := range s.of {
		one := r.SlaveStats
		if left, blocked := r.back.blocked(now); blocked {
			one.BackedOffUntil = now.Add(left)
		}
		out.Slaves = append(out.Slaves, one)
	}
	slices.SortFunc(out.Slaves, func(a, b SlaveStats) int { return cmp.Compare(a.Slave, b.Slave) })
	return out
}

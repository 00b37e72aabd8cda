package gnss

import (
	"math"
	"time"
)

// framer cuts a stream of bytes into lines that begin with $. What is not a
// sentence, binary protocols included, falls away; a $ always begins anew.
type framer struct {
	line    [longest]byte
	n       int  // bytes of line so far
	inside  bool // a $ has been seen
	refused uint64
}

// feed takes bytes as they come and calls each with every line, without its
// end. The line is only valid during the call.
func (f *framer) feed(data []byte, each func(line []byte)) {
	for _, c := range data {
		switch {
		case c == '$':
			if f.inside {
				f.refused++
			}
			f.line[0], f.n, f.inside = c, 1, true
		case !f.inside:
		case c == '\r' || c == '\n':
			f.inside = false
			each(f.line[:f.n])
		case f.n == longest || c < ' ' || c > '~':
			f.inside = false
			f.refused++
		default:
			f.line[f.n] = c
			f.n++
		}
	}
}

// apart is how far two sentences about one moment may lie from each other, in
// degrees (0.001° is 110 m): they are one solution printed twice.
const apart = 0.001

// moment collects the sentences about one time of day: what one of them
// refuses, no other may claim.
type moment struct {
	sentence
	at    time.Time
	open  bool
	vague bool
	fixed bool
}

// add takes a sentence that arrived at at. It returns the report about the
// moment before when s begins a new one; a fix is therefore one period old when
// it is reported, and never contradicted afterwards.
func (m *moment) add(s sentence, at time.Time, bound float64) (done report, ok bool) {
	if !s.timed {
		// Nothing ties it to others: "no fix" stands alone, a fix is one that
		// nobody could date.
		m.open = m.open && !s.none
		return report{at: at}, s.none
	}
	if m.open && s.tod != m.tod {
		done, ok = m.close(), true
	}
	if !m.open {
		*m = moment{open: true, at: at, sentence: sentence{timed: true, tod: s.tod}}
	}
	if !s.day.IsZero() {
		m.day = s.day
	}
	if s.none {
		m.none = true
		return done, ok
	}
	m.vague = m.vague || s.estimated || s.hdop*uere > bound
	if !m.fixed {
		m.fixed, m.latitude, m.longitude = true, s.latitude, s.longitude
	} else if math.Abs(m.latitude-s.latitude) > apart || math.Abs(m.longitude-s.longitude) > apart {
		m.vague = true
	}
	return done, ok
}

func (m *moment) close() report {
	m.open = false
	r := report{at: m.at}
	if m.none || !m.fixed {
		return r
	}
	r.fix, r.doubtful, r.latitude, r.longitude = true, m.vague, m.latitude, m.longitude
	if !m.day.IsZero() {
		r.utc = m.day.Add(m.tod)
	}
	return r
}

package modbustest

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Kind is what was done to one question.
type Kind string

// The kinds after which the right data or the right exception must come
// through; every other kind must become an error.
const (
	Healthy   Kind = "healthy"
	Trickled  Kind = "trickled bytes"
	Exceptive Kind = "split exception"
	// Afterwards is a right answer and noise a while later: it may spoil
	// whatever is asked until then.
	Afterwards Kind = "noise a while after"
)

// Faults deals out misbehaviour at random, for Bus.Behave.
type Faults struct {
	Rand *rand.Rand
	Rate float64 // share of the questions that are hit
	// Timeout and LateWindow are those of the line under test: late answers
	// come after the one and well within the other.
	Timeout, LateWindow time.Duration
	// Loose leaves out the faults whose outcome hangs on single milliseconds,
	// for wires in real time.
	Loose bool

	mu     sync.Mutex
	last   Kind
	noisy  time.Time
	spared map[uint8]bool
	count  map[Kind]int
}

// Spare lets the slave's next question be answered in health.
func (f *Faults) Spare(slave uint8) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spared == nil {
		f.spared = map[uint8]bool{}
	}
	f.spared[slave] = true
}

// Last is what was done to the latest question, and until when noise that was
// sent behind an earlier answer may spoil it.
func (f *Faults) Last() (k Kind, noisyUntil time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last, f.noisy
}

// Count is how often each kind was dealt.
func (f *Faults) Count() map[Kind]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.count)
}

// Behave deals the question its fault.
func (f *Faults) Behave(q Question, right []byte) []Action {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, acts := Healthy, []Action{{Send: right}}
	if !f.spared[q.Slave] && f.Rand.Float64() < f.Rate {
		list := f.kinds()
		kind = list[f.Rand.IntN(len(list))]
		acts = f.deal(kind, right)
		// In mixtures: one late answer in four is damaged too.
		if kind == "late" && f.Rand.IntN(4) == 0 {
			acts = append(acts[:len(acts):len(acts)], f.deal("noise before", right)...)
		}
	}
	delete(f.spared, q.Slave)
	f.last = kind
	if f.count == nil {
		f.count = map[Kind]int{}
	}
	f.count[kind]++
	return acts
}

func (f *Faults) kinds() []Kind {
	list := []Kind{Trickled, Exceptive, Afterwards, "late", "late twice", "bad CRC", "burst error", "cut short", "silence", "noise before",
		"noise after", "wrong id", "wrong function", "wrong byte count", "twice", "and another's", "garbage"}
	if !f.Loose {
		list = append(list, "across the time-out", "late and trickled")
	}
	return list
}

func (f *Faults) deal(kind Kind, right []byte) []Action {
	late := f.Timeout + time.Duration(float64(f.LateWindow)*(0.1+0.7*f.Rand.Float64()))
	body := func(change func(b []byte)) []Action {
		b := append([]byte(nil), right[:len(right)-2]...)
		change(b)
		return []Action{{Send: Sealed(b)}}
	}
	switch kind {
	case Trickled:
		return f.trickle(right, 3*time.Millisecond)
	case Exceptive:
		e := Exception(right, []uint8{1, 2, 3, 4, 6}[f.Rand.IntN(5)])
		cut := 1 + f.Rand.IntN(4)
		return []Action{{Send: e[:cut]}, {After: f.upTo(f.Timeout / 10), Send: e[cut:]}}
	case Afterwards:
		f.noisy = time.Now().Add(300 * time.Millisecond)
		return []Action{{Send: right}, {After: f.upTo(200 * time.Millisecond), Send: f.noise(3)}}
	case "late":
		return []Action{{After: late, Send: right}}
	case "late twice":
		return []Action{{After: f.Timeout + f.LateWindow/5, Send: right}, {After: f.LateWindow / 2, Send: right}}
	case "late and trickled":
		return append([]Action{{After: late}}, f.trickle(right, 5*time.Millisecond)...)
	case "across the time-out":
		return append([]Action{{After: f.Timeout - 5*time.Millisecond}}, f.trickle(right, 15*time.Millisecond)...)
	case "bad CRC":
		return flip(right, 8*len(right)-1-f.Rand.IntN(16))
	case "burst error": // up to 16 bits in a row, which the CRC always sees
		from := f.Rand.IntN(8*len(right) - 16)
		return flip(right, from, from+1+f.Rand.IntN(15))
	case "cut short":
		return []Action{{Send: right[:1+f.Rand.IntN(len(right)-1)]}}
	case "silence":
		return nil
	case "noise before":
		return []Action{{Send: append(f.noise(3), right...)}}
	case "noise after":
		return []Action{{Send: append(append([]byte(nil), right...), f.noise(3)...)}}
	case "wrong id":
		return body(func(b []byte) { b[0] += 1 + byte(f.Rand.IntN(200)) })
	case "wrong function":
		return body(func(b []byte) { b[1] ^= 1 + byte(f.Rand.IntN(100)) })
	case "wrong byte count": // consistent in itself: another quantity's answer
		b := append([]byte(nil), right[:len(right)-2]...)
		b[2] += 2
		return []Action{{Send: Sealed(append(b, 0x12, 0x34))}}
	case "twice":
		return []Action{{Send: append(append([]byte(nil), right...), right...)}}
	case "and another's":
		other := append([]byte(nil), right[:len(right)-2]...)
		other[0]++
		return []Action{{Send: append(append([]byte(nil), right...), Sealed(other)...)}}
	}
	return []Action{{Send: f.noise(20)}}
}

func flip(right []byte, bits ...int) []Action {
	b := append([]byte(nil), right...)
	for _, i := range bits {
		b[i/8] ^= 1 << (i % 8)
	}
	return []Action{{Send: b}}
}

func (f *Faults) trickle(right []byte, most time.Duration) (acts []Action) {
	for i := range right {
		acts = append(acts, Action{After: f.upTo(most), Send: right[i : i+1]})
	}
	return acts
}

func (f *Faults) upTo(d time.Duration) time.Duration {
	return time.Duration(f.Rand.Int64N(int64(d)) + 1)
}

func (f *Faults) noise(most int) []byte {
	b := make([]byte, 1+f.Rand.IntN(most))
	for i := range b {
		b[i] = byte(f.Rand.Uint32())
	}
	return b
}

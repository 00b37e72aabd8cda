// Package clock asks the machine what its clock is worth: which start of the
// machine this is, how long ago it was, and whether the wall clock may be
// believed. It guarantees never to call a clock synchronised that nobody has
// set.
package clock

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"coldchain/gateway/wire"
)

// Horizon is how many years after its build a program believes a date.
const Horizon = 20

// Machine is where the kernel tells about its clock.
type Machine struct {
	// BootID is a file with one text a start of the machine
	// (/proc/sys/kernel/random/boot_id); RTCs is the folder of hardware clocks
	// (/sys/class/rtc).
	BootID, RTCs string
	// Synchronised says whether the kernel's clock is disciplined by a time
	// service (adjtimex(2), STA_UNSYNC clear).
	Synchronised func() bool
	Built        time.Time

	mu     sync.Mutex
	looked time.Time
	agreed bool
}

// Boot returns a short name of this start of the machine: every process of
// the same start gets the same one. Where the kernel has none, it names this
// process.
func (m *Machine) Boot() string {
	id, err := os.ReadFile(m.BootID)
	text := strings.TrimSpace(string(id))
	if err != nil || text == "" {
		return "p-" + rand.Text()[:14]
	}
	// Hashed, because the machine's own id is nobody else's business.
	sum := sha256.Sum256([]byte("coldchain boot " + text))
	return hex.EncodeToString(sum[:8])
}

// Possible reports whether a date can be true: not before the year of the
// build, not a generation after it.
func (m *Machine) Possible(t time.Time) bool {
	y := m.Built.UTC().Year()
	return t.UTC().Year() >= y && t.UTC().Year() < y+Horizon
}

// Source says what the wall clock, which shows now, stands on: NTP when the
// kernel says that it is disciplined; RTC when a hardware clock agrees with it,
// or when the machine knows of no hardware clocks at all because another system
// (a container's or a virtual machine's host) keeps its time; else none. A date
// that is not possible is none, whoever vouches for it.
func (m *Machine) Source(now time.Time) wire.ClockSource {
	switch {
	case !m.Possible(now):
		return wire.ClockNone
	case m.Synchronised():
		return wire.ClockNTP
	case m.kept(now):
		return wire.ClockRTC
	}
	return wire.ClockNone
}

const (
	lookEvery = 10 * time.Second // a hardware clock hangs on a slow bus
	agreement = 5 * time.Second  // between a hardware clock, in whole seconds, and the kernel's
)

func (m *Machine) kept(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Round(0): a step of the wall clock is a reason to look again.
	if !m.looked.IsZero() && now.Round(0).Sub(m.looked).Abs() < lookEvery && now.Sub(m.looked).Abs() < lookEvery {
		return m.agreed
	}
	m.looked, m.agreed = now, m.look(now)
	return m.agreed
}

func (m *Machine) look(now time.Time) bool {
	clocks, err := os.ReadDir(m.RTCs)
	if os.IsNotExist(err) {
		return true
	}
	for _, c := range clocks {
		// A hardware clock that stood still (its battery is flat) cannot be
		// read here: its driver refuses.
		text, err := os.ReadFile(filepath.Join(m.RTCs, c.Name(), "since_epoch"))
		if err != nil {
			continue
		}
		s, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && now.Round(0).Sub(time.Unix(s, 0)).Abs() <= agreement {
			return true
		}
	}
	return false
}

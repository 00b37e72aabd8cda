package install

import (
	"context"
	"fmt"
	"time"

	"coldchain/sensors/modbus"
)

// DefaultPause is what a scan waits before each question, so that the owner of
// a live line gets its turns.
const DefaultPause = 50 * time.Millisecond

// Options of a scan of one Modbus line.
type Options struct {
	IDs      []uint8       // slaves to look for; default 1 to 247
	Pause    time.Duration // before each question; default DefaultPause, negative for none
	Profiles []*modbus.Profile
	// From and To are the registers that are shown of an unknown device.
	From, To uint16
	// Registers shows them of known devices too.
	Registers bool
	Progress  func(Progress) // called from the scan's goroutine; may be nil
}

// Progress is how far a scan is.
type Progress struct {
	Done, Total int    // in questions of the search
	Found       int    // devices so far
	What        string // what is being asked now
}

func (o *Options) defaults() {
	if len(o.IDs) == 0 {
		for id := lowestSlave; id <= highestSlave; id++ {
			o.IDs = append(o.IDs, uint8(id))
		}
	}
	if o.Pause == 0 {
		o.Pause = DefaultPause
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
}

// Slave is one slave that was found.
type Slave struct {
	ID         uint8       `json:"slave"`
	Candidates []Candidate `json:"candidates"` // best first
	Examined   bool        `json:"examined"`   // false: the scan was given up before
	// Certain says that the best candidate has no near rival.
	Certain   bool       `json:"certain"`
	Registers []Register `json:"registers,omitempty"` // what an unknown device shows
	Bits      []Bit      `json:"bits,omitempty"`
}

// Known is the best candidate, if there is one.
func (s Slave) Known() (Candidate, bool) {
	if len(s.Candidates) == 0 {
		return Candidate{}, false
	}
	return s.Candidates[0], true
}

// presence are the questions by which a slave is looked for: the first
// registers of the two tables. Most devices answer any question, if only with
// an exception; some are silent unless the register exists, and these two are
// what the commonest transmitters have.
func presence() []modbus.Span {
	return []modbus.Span{
		{Function: modbus.Input, Address: 1, Quantity: 1},
		{Function: modbus.Holding, Address: 0, Quantity: 1},
	}
}

// Longest is how long the search for slaves takes if nobody answers; each is
// what a question then costs beside the pause.
func Longest(o Options, each time.Duration) time.Duration {
	o.defaults()
	return time.Duration(len(o.IDs)*len(presence())) * (each + max(o.Pause, 0))
}

// ScanLine looks for slaves on a line and says what they may be. On error,
// cancellation included, it returns what was found until then.
func ScanLine(ctx context.Context, line Line, o Options) (Found, error) {
	o.defaults()
	s := &scan{o: o, asker: &asker{line: line, pause: o.Pause}}
	err := s.find(ctx, Setting{}, o.IDs)
	if err == nil {
		err = s.examine(ctx, Setting{})
	}
	return s.result(), err
}

// Found is what one Modbus line holds.
type Found struct {
	Setting *Setting `json:"setting,omitempty"` // of a serial port
	Slaves  []Slave  `json:"slaves"`
	Asked   int      `json:"asked"` // questions
	// Garbled are the numbers that answered, but never cleanly: wrong baud rate
	// or parity, two slaves of one number, or noise.
	Garbled []uint8 `json:"garbled,omitempty"`
	// Cut are the numbers for which there was no connection, though it was tried
	// again: absent behind a gateway that cuts for them, or not asked because
	// the line was gone.
	Cut []uint8 `json:"no_connection,omitempty"`
	// Everywhere says that every number that was asked answered: one device
	// that does not look at the number. Only the first was examined.
	Everywhere bool `json:"answers_to_every_number,omitempty"`
}

// scan is the state of one scan of one line.
type scan struct {
	o     Options
	asker *asker
	heard []*image
	noisy []uint8
	cut   []uint8
	slave []Slave
	every bool
	done  int
	total int
}

// find asks each number for its presence.
func (s *scan) find(ctx context.Context, at Setting, ids []uint8) error {
	if s.total == 0 {
		s.total = len(ids)
	}
	absent := 0 // numbers in a row without a line
	for _, id := range ids {
		s.o.Progress(Progress{Done: s.done, Total: s.total, Found: len(s.heard), What: at.on(fmt.Sprintf("slave %d", id))})
		m := newImage(id, s.asker)
		state := s.present(ctx, m)
		switch state {
		case given:
			return ctx.Err()
		case gone:
			if absent++; len(s.heard) == 0 && absent == 2 {
				return fmt.Errorf("look for slave %d: %w", id, m.lastError())
			}
			s.cut = append(s.cut, id)
		case answered, refused:
			s.heard = append(s.heard, m)
		case garbled:
			s.noisy = append(s.noisy, id)
		}
		if state != gone {
			absent = 0
		}
		s.done++
	}
	s.o.Progress(Progress{Done: s.done, Total: s.total, Found: len(s.heard)})
	return nil
}

// present asks until the slave is heard.
func (s *scan) present(ctx context.Context, m *image) outcome {
	last := silent
	for _, q := range presence() {
		switch a := m.ask(ctx, q); a.outcome {
		case answered, refused, given:
			return a.outcome
		case garbled:
			last = garbled
		case gone:
			return gone // it was tried again already
		}
	}
	return last
}

// lastError is one of the errors that the slave's questions ended with.
func (m *image) lastError() error {
	for _, q := range presence() {
		if a, ok := m.answers[q]; ok && a.err != nil {
			return a.err
		}
	}
	return fmt.Errorf("slave %d does not answer", m.slave)
}

// everywhere is how many numbers must answer, and none be silent, before they
// are taken for one device.
const everywhere = 16

// examine recognises what was heard.
func (s *scan) examine(ctx context.Context, at Setting) error {
	heard := s.heard
	if len(heard) >= everywhere && len(heard) == len(s.o.IDs) {
		s.every, heard = true, heard[:1]
	}
	for i, m := range heard {
		s.o.Progress(Progress{Done: i, Total: len(heard), Found: len(s.heard), What: at.on(fmt.Sprintf("slave %d: what is it?", m.slave))})
		one := Slave{ID: m.slave, Candidates: []Candidate{}}
		m.silent = 0
		one.Candidates = append(one.Candidates, recognise(ctx, m, s.o.Profiles, at)...)
		one.Certain = certain(one.Candidates)
		if ctx.Err() == nil && (s.o.Registers || !one.Certain) {
			survey(ctx, m, s.o.From, s.o.To)
		}
		if s.o.Registers || !one.Certain {
			one.Registers, one.Bits = m.registers(), m.bits()
		}
		one.Examined = ctx.Err() == nil
		s.slave = append(s.slave, one)
		if ctx.Err() != nil {
			for _, rest := range heard[i+1:] { // heard, but not looked at
				s.slave = append(s.slave, Slave{ID: rest.slave, Candidates: []Candidate{}})
			}
			return ctx.Err()
		}
	}
	return nil
}

// certain reports whether the best candidate fits well and no other nearly as
// well.
func certain(c []Candidate) bool {
	const fits = 50
	return len(c) > 0 && c[0].Score >= fits && (len(c) == 1 || c[0].Score-c[1].Score >= rival)
}

func (s *scan) result() Found {
	f := Found{Slaves: s.slave, Asked: s.asker.asked, Everywhere: s.every, Garbled: s.noisy, Cut: s.cut}
	if len(f.Slaves) == 0 { // given up while searching
		for _, m := range s.heard {
			f.Slaves = append(f.Slaves, Slave{ID: m.slave, Candidates: []Candidate{}})
		}
	}
	if f.Slaves == nil {
		f.Slaves = []Slave{}
	}
	return f
}

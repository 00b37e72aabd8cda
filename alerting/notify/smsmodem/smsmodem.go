// Package smsmodem sends SMS with a GSM or LTE modem and an ordinary SIM, at
// the county or at a site, and takes the answers: no template, no approval, no
// internet. It guarantees that a message counts as taken only when the network
// gave its reference, and that an answer is deleted from the modem only after
// the owner has taken it.
package smsmodem

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"
	"unicode/utf16"

	"github.com/warthog618/sms"
	"github.com/warthog618/sms/encoding/tpdu"

	"coldchain/alerting/notify"
)

// The sizes of an SMS in UCS-2 units: alone, and as a part of several.
const (
	single = 70
	part   = 67
)

// The defaults of Options.
const (
	sendPatience    = time.Minute      // a network may take this long for one SMS
	commandPatience = 5 * time.Second  // of a command that the modem answers by itself
	pause           = 10 * time.Second // before the port is opened again
	look            = time.Minute      // between looks for answers that were not announced
)

// Options configure a Modem. Open and Logger are required.
type Options struct {
	// Open opens the port, 115200 8N1 as a rule, and again after each failure:
	// USB modems come and go. Close must end a Read and a Write.
	Open func() (io.ReadWriteCloser, error)
	// Reply takes one answer. When it fails, the answer stays in the modem and
	// comes again. nil: answers are not read.
	Reply func(context.Context, notify.Reply) error
	// State is told whether the modem works: nil when it has been set up, and
	// afterwards why it does not, each time that it fails. nil: nobody asks.
	State func(error)
	// Parts is how many SMS a message may take, 1 to 4; default 1, Short alone.
	// With more the link follows when it fits.
	Parts  int
	Logger *slog.Logger

	// Zero means the defaults above.
	SendPatience, CommandPatience, Pause time.Duration
}

// Modem is one modem. Run it; Notify works while it runs.
type Modem struct {
	o        Options
	requests chan request
	encoder  *sms.Encoder // numbers the parts of long messages: the numbers of two must differ
}

type request struct {
	ctx          context.Context
	number, text string
	done         chan result // has room for one
}

type result struct {
	id  string
	err error
}

// New checks the options.
func New(o Options) (*Modem, error) {
	if o.Parts == 0 {
		o.Parts = 1
	}
	if o.Open == nil || o.Logger == nil || o.Parts < 1 || o.Parts > 4 {
		return nil, errors.New("smsmodem: a port and a logger are needed, and 1 to 4 parts")
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.SendPatience, sendPatience}, {&o.CommandPatience, commandPatience}, {&o.Pause, pause}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	// The numbers begin anywhere, so that a restart does not repeat the last.
	start := &sms.Counter{}
	for range rand.IntN(256) {
		start.Count()
	}
	return &Modem{o: o, requests: make(chan request), encoder: sms.NewEncoder(sms.AsSubmit, sms.AsUCS2, concatRef{start})}, nil
}

// concatRef is the encoder's option for the number of a long message.
type concatRef struct{ c *sms.Counter }

func (r concatRef) ApplyEncoderOption(e *sms.Encoder) { e.ConcatRef = r.c }

// Rates returns 10 a minute, what a modem can do, and 100 an hour and 200 a
// day for one SIM, beyond which carriers take it for a spammer's.
func (m *Modem) Rates() []notify.Rate {
	return []notify.Rate{{Count: 10, Per: time.Minute}, {Count: 100, Per: time.Hour}, {Count: 200, Per: 24 * time.Hour}}
}

// Notify sends Short, and the link when Parts allow, to the recipient's
// number. An SMS that is on its way when ctx ends cannot be called back: the
// next try may be a second copy.
func (m *Modem) Notify(ctx context.Context, msg notify.Message) (notify.Receipt, error) {
	number, err := msg.To.Dial()
	if err != nil {
		return notify.Receipt{}, err
	}
	// The library takes every number for an international one: without its 86 a
	// mobile of the mainland would be a number in America.
	r := request{ctx, sender(number), m.text(msg), make(chan result, 1)}
	if ctx.Err() != nil {
		return notify.Receipt{}, ended(ctx)
	}
	select {
	case m.requests <- r:
	case <-ctx.Done():
		return notify.Receipt{}, ended(ctx)
	}
	select {
	case got := <-r.done:
		return notify.Receipt{ID: got.id}, got.err
	case <-ctx.Done():
		return notify.Receipt{}, ended(ctx)
	}
}

func ended(ctx context.Context) error {
	return notify.Failed(notify.Temporary, "send an SMS by the modem: %w", context.Cause(ctx))
}

// text is what goes into the SMS.
func (m *Modem) text(msg notify.Message) string {
	short := msg.Short
	if short == "" {
		short = msg.Title
	}
	if m.o.Parts == 1 {
		return notify.Cut(short, single, notify.UCS2)
	}
	text, room := notify.Cut(short, part*m.o.Parts, notify.UCS2), part*m.o.Parts
	if with := text + "\n" + msg.Link; msg.Link != "" && notify.UCS2(with) <= room {
		return with
	}
	return text
}

// parts encodes the text as SMS-SUBMIT, in UCS-2 whatever it holds.
func (m *Modem) parts(number, text string) ([]tpdu.TPDU, error) {
	var ucs2 []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		ucs2 = binary.BigEndian.AppendUint16(ucs2, unit)
	}
	return m.encoder.Encode(ucs2, sms.To(number))
}

// Run keeps a session with the modem, and begins a new one after each failure,
// until ctx ends. It is called once.
func (m *Modem) Run(ctx context.Context) {
	told := ""
	for ctx.Err() == nil {
		err := m.session(ctx)
		if ctx.Err() != nil {
			return
		}
		m.state(err)
		if err.Error() != told { // once, not every ten seconds
			told = err.Error()
			m.o.Logger.Error("the SMS modem does not work; trying again", "error", err)
		}
		m.rest(ctx, err)
	}
}

func (m *Modem) state(err error) {
	if m.o.State != nil {
		m.o.State(err)
	}
}

// rest waits before the next session, and tells who asks meanwhile why there
// is none.
func (m *Modem) rest(ctx context.Context, why error) {
	timer := time.NewTimer(m.o.Pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case r := <-m.requests:
			r.done <- result{err: notReady(why)}
		}
	}
}

func notReady(why error) error {
	return &notify.Error{Class: notify.ClassOf(why), Err: fmt.Errorf("the SMS modem is not ready: %w", why)}
}

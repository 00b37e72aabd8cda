package smsmodem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/warthog618/modem/at"
	"github.com/warthog618/modem/gsm"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
)

// session is one opening of the port.
type session struct {
	*Modem
	port io.ReadWriteCloser
	at   *at.AT
	gsm  *gsm.GSM
	news chan struct{} // an answer was announced
}

// errBroken ends a session whose modem is in a state that nobody knows.
var errBroken = errors.New("the modem does not answer: check power, cable and port")

// session opens the port, sets the modem up and serves it until something
// breaks or ctx ends.
func (m *Modem) session(ctx context.Context) error {
	port, err := m.o.Open()
	if err != nil {
		return notify.Failed(notify.Temporary, "open the port: %w", err)
	}
	s := &session{Modem: m, port: port, news: make(chan struct{}, 1)}
	stop := context.AfterFunc(ctx, func() { _ = port.Close() })
	defer stop()
	s.at = at.New(port, at.WithTimeout(m.o.CommandPatience), at.WithIndication("+CMTI:", func([]string) {
		select {
		case s.news <- struct{}{}:
		default: // one look finds them all
		}
	}))
	defer func() {
		_ = port.Close() // perhaps a second time
		<-s.at.Closed()  // the library's goroutines end with the port
	}()
	s.gsm = gsm.New(s.at)
	if err := s.setUp(); err != nil {
		return err
	}
	s.state(nil)
	return s.serve(ctx)
}

// setUp asks for PDU mode, numbers in errors and, when answers are wanted,
// their announcement. The library's own start demands +GCAP, which LTE modems
// answer in ways it does not understand.
func (s *session) setUp() error {
	// The echo goes first: a modem that repeats what it is told looks awake.
	if err := s.at.Init(at.WithCmds("E0", "+CMGF=0", "+CMEE=1")); err != nil {
		return s.broken(err)
	}
	lines, err := s.command("+CPIN?")
	if err != nil {
		return pin(err.Error())
	}
	if !strings.Contains(strings.Join(lines, " "), "READY") {
		return pin(strings.Join(lines, " "))
	}
	if s.o.Reply == nil {
		return nil
	}
	if _, err := s.command("+CNMI=2,1,0,0,0"); err != nil {
		if s.isBroken(err) {
			return s.broken(err)
		}
		s.o.Logger.Info("the SMS modem does not announce answers; looking for them every minute", "error", err)
	}
	return nil
}

func pin(said string) error {
	return notify.Failed(notify.Configuration, "the SIM is not ready (%s): put one in, and switch its PIN off", notify.FarText(said))
}

// serve sends what is asked for and looks for answers, one thing at a time.
func (s *session) serve(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	if err := s.answers(ctx); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.at.Closed():
			return s.broken(at.ErrClosed)
		case r := <-s.requests:
			if err := s.send(r); err != nil {
				return err
			}
		case <-s.news:
			if err := s.answers(ctx); err != nil {
				return err
			}
		case <-tick.C: // also shows whether the modem is still there
			if err := s.answers(ctx); err != nil {
				return err
			}
		}
	}
}

// send answers the request; an error ends the session.
func (s *session) send(r request) error {
	if r.ctx.Err() != nil {
		return nil // nobody waits for it any more
	}
	pdus, err := s.parts(r.number, r.text)
	if err != nil {
		r.done <- result{err: notify.Failed(notify.Refused, "encode the SMS: %w", err)}
		return nil
	}
	var references []string
	for i, p := range pdus {
		octets, err := p.MarshalBinary()
		if err == nil {
			var reference string
			reference, err = s.sendOne(octets)
			references = append(references, reference)
		}
		if err != nil {
			failed := failure(err, i+1, len(pdus))
			r.done <- result{err: failed}
			if s.isBroken(err) {
				return s.broken(err)
			}
			return nil
		}
	}
	r.done <- result{id: strings.Join(references, ",")}
	return nil
}

func (s *session) sendOne(octets []byte) (string, error) {
	// The library waits for a Write without end.
	guard := time.AfterFunc(s.o.SendPatience+s.o.CommandPatience, func() { _ = s.port.Close() })
	defer guard.Stop()
	reference, err := s.gsm.SendPDU(octets, at.WithTimeout(s.o.SendPatience))
	if errors.Is(err, gsm.ErrMalformedResponse) {
		return "", nil // OK without a reference: it was taken
	}
	return notify.FarText(reference), err
}

// command asks the modem for something that it knows by itself.
func (s *session) command(c string) ([]string, error) {
	guard := time.AfterFunc(2*s.o.CommandPatience, func() { _ = s.port.Close() })
	defer guard.Stop()
	return s.at.Command(c)
}

// isBroken reports whether the modem's state is not known after err.
func (s *session) isBroken(err error) bool {
	var cms at.CMSError
	var cme at.CMEError
	return !errors.Is(err, at.ErrError) && !errors.As(err, &cms) && !errors.As(err, &cme)
}

func (s *session) broken(err error) error {
	return notify.Failed(notify.Temporary, "%w (%s)", errBroken, notify.FarText(err.Error()))
}

// failure says what an error of part i of n means.
func failure(err error, i, n int) *notify.Error {
	which := "the SMS"
	if n > 1 {
		which = fmt.Sprintf("part %d of %d of the SMS", i, n)
	}
	var cms at.CMSError
	if errors.As(err, &cms) {
		m, known := meanings[string(cms)]
		if !known {
			m.Class = notify.Temporary
		}
		advice := ""
		if m.Advice != "" {
			advice = ": " + m.Advice
		}
		return &notify.Error{Class: m.Class, Code: "CMS " + notify.FarText(string(cms)), Err: fmt.Errorf("the network or the modem did not take %s%s", which, advice)}
	}
	return notify.Failed(notify.Temporary, "send %s: %s", which, notify.FarText(err.Error()))
}

const (
	barred = "the SIM may not send SMS: check its credit and its contract"
	card   = "check the SIM and its PIN"
)

// meanings of +CMS ERROR: up to 127 the network's (3GPP TS 24.011 annex E-2),
// from 300 the modem's (TS 27.005 section 3.2.5).
var meanings = map[string]far.Meaning{
	"1":   {Class: notify.BadRecipient, Advice: "there is no such number"},
	"8":   {Class: notify.Configuration, Advice: barred},
	"10":  {Class: notify.Configuration, Advice: barred},
	"21":  {Class: notify.Configuration, Advice: barred},
	"28":  {Class: notify.BadRecipient, Advice: "the number is not known"},
	"29":  {Class: notify.Configuration, Advice: barred},
	"30":  {Class: notify.BadRecipient, Advice: "the number is not known"},
	"50":  {Class: notify.Configuration, Advice: barred},
	"69":  {Class: notify.Configuration, Advice: barred},
	"302": {Class: notify.Configuration, Advice: "the modem does not allow it"},
	"303": {Class: notify.Configuration, Advice: "the modem cannot do it"},
	"304": {Class: notify.Refused, Advice: "the modem does not understand it"},
	"305": {Class: notify.Refused, Advice: "the modem does not understand it"},
	"310": {Class: notify.Configuration, Advice: card},
	"311": {Class: notify.Configuration, Advice: card},
	"312": {Class: notify.Configuration, Advice: card},
	"313": {Class: notify.Configuration, Advice: card},
	"315": {Class: notify.Configuration, Advice: card},
	"316": {Class: notify.Configuration, Advice: card},
	"317": {Class: notify.Configuration, Advice: card},
	"318": {Class: notify.Configuration, Advice: card},
	"330": {Class: notify.Configuration, Advice: "the SIM holds no number of the SMS centre"},
	"331": {Class: notify.Temporary, Advice: "no network: check the antenna"},
	"332": {Class: notify.Temporary, Advice: "the network did not answer"},
}

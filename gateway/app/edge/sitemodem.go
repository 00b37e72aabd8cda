package edge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/smsmodem"
	"coldchain/firmware-bridge/serial"
	"coldchain/gateway/app"
	"coldchain/gateway/config"
	"coldchain/gateway/edge/alarms"
	"coldchain/sensors"
)

// siteModem sends what the site's own judge wants people to be told, and takes
// their answers. What fails is tried again and shows in the status; it holds up
// nothing else.
type siteModem struct {
	modem  *smsmodem.Modem
	judge  *alarms.Judge
	keep   func() // writes down what the judge knows, soon
	fault  func(why sensors.Reason)
	log    *slog.Logger
	broken atomic.Pointer[error] // why the modem does not work; nil: it does, or nobody knows yet
	failed atomic.Pointer[error] // why the last message was not taken
}

// modemFault is what the status calls the modem.
const modemFault = "sms-modem"

// telling is whom the site tells, by its configuration; nil: nobody.
func telling(cfg *config.Edge) *alarms.Telling {
	m := cfg.Modem
	if m == nil {
		return nil
	}
	t := &alarms.Telling{After: m.After, PerHour: int(m.PerHour), Labels: labels(cfg), Place: time.FixedZone("Asia/Shanghai", 8*60*60)}
	for _, w := range m.Who {
		t.Who = append(t.Who, alarms.Person{Name: w.Name, Phone: w.Phone, English: w.Language == "en"})
	}
	return t
}

// newSiteModem opens nothing yet; nil: the site has no modem.
func newSiteModem(m *config.SiteModem, alarm *localAlarm, fault func(sensors.Reason), log *slog.Logger) (*siteModem, error) {
	if m == nil {
		return nil, nil
	}
	port := serial.Config{Path: m.Port, Baud: int(m.Baud)}
	if err := port.Check(); err != nil {
		return nil, fmt.Errorf("modem: %w", err)
	}
	s := &siteModem{judge: alarm.judge, keep: alarm.keep, fault: fault, log: log}
	var err error
	s.modem, err = smsmodem.New(smsmodem.Options{
		Open:  func() (io.ReadWriteCloser, error) { return app.OpenModemPort(port) },
		State: func(err error) { s.note(&s.broken, err) },
		Reply: func(_ context.Context, r notify.Reply) error {
			s.judge.Reply(r)
			s.keep()
			return nil
		},
		Logger: log,
	})
	return s, err
}

// Run tells people until ctx ends, and then waits for the message that is with
// the modem.
func (s *siteModem) Run(ctx context.Context) {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	var modem sync.WaitGroup
	modem.Go(func() { s.modem.Run(serving) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.send(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	stop()
	modem.Wait()
}

// sendWithin is more than the modem gives a network for one SMS.
const sendWithin = 90 * time.Second

// send hands over what is to be said now.
func (s *siteModem) send(ctx context.Context) {
	for ctx.Err() == nil {
		m, ok := s.judge.NextMessage()
		if !ok {
			return
		}
		sending, cancel := context.WithTimeout(ctx, sendWithin)
		_, err := s.modem.Notify(sending, m)
		cancel()
		if err != nil {
			s.log.Error("somebody is not told by SMS; trying again unless the number is wrong", "who", m.To.Name, "error", err)
		}
		s.judge.Sent(m, err)
		s.keep()
		s.note(&s.failed, err)
	}
}

// note keeps what is wrong, or that nothing is any more, and tells the status.
func (s *siteModem) note(what *atomic.Pointer[error], err error) {
	if err == nil {
		what.Store(nil)
	} else {
		what.Store(&err)
	}
	why := sensors.NoReason
	for _, p := range []*error{s.failed.Load(), s.broken.Load()} {
		if p != nil {
			why = reasonOf(*p)
		}
	}
	s.fault(why)
}

// reasonOf is a fault of the modem in a word of the status.
func reasonOf(err error) sensors.Reason {
	switch notify.ClassOf(err) {
	case notify.Configuration:
		return "sim-or-contract"
	case notify.BadRecipient:
		return "number-wrong"
	case notify.Refused:
		return "refused"
	}
	return "not-sending"
}

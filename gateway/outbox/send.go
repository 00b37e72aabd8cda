package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/state"
)

// parcel is what goes as one message, of one or several, with its place in the
// channel's limits.
type parcel struct {
	list []state.Outgoing
	to   string // empty: a room that many read
	room *sending
}

// pack makes parcels of a lane's messages, in their order. If there is not room
// for each message apart, those of one person become one; in a channel that is
// one room, those of everybody. What finds no room at all stays in the outbox
// until there is, and is then together with what has come.
func (s *Sender) pack(ctx context.Context, c Channel, batch []state.Outgoing) []parcel {
	now := s.cfg.Now()
	var out []parcel
	add := func(list []state.Outgoing, to string) {
		if room := s.limits.reserve(c.Name, to, now); room != nil {
			out = append(out, parcel{list, to, room})
			return
		}
		s.putOff(ctx, c, list, now)
	}
	groups := byPerson(batch)
	if c.Group && len(groups) > 1 && s.limits.room(c.Name, "", now) < len(batch) {
		add(batch, "")
		return out
	}
	for _, group := range groups {
		to := group[0].Intent.Person
		if s.limits.room(c.Name, to, now) < len(group) {
			add(group, to)
			continue
		}
		for _, o := range group {
			add([]state.Outgoing{o}, to)
		}
	}
	return out
}

// send hands a lane's parcels to the far end, one after another, when it is
// their turn among those of other people. When the program ends, what is with a
// far end is finished, and what waits stays in the outbox.
func (s *Sender) send(ctx context.Context, c Channel, parcels []parcel) {
	for _, p := range parcels {
		select {
		case s.slots[c.Name] <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if ctx.Err() == nil {
			s.hand(context.WithoutCancel(ctx), c, p)
		}
		<-s.slots[c.Name]
	}
}

// byPerson keeps the order of the first message of each person.
func byPerson(batch []state.Outgoing) [][]state.Outgoing {
	var out [][]state.Outgoing
	at := map[string]int{}
	for _, o := range batch {
		i, ok := at[o.Intent.Person]
		if !ok {
			i = len(out)
			at[o.Intent.Person] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], o)
	}
	return out
}

// hand gives one parcel to the far end and writes down what came of it.
func (s *Sender) hand(ctx context.Context, c Channel, p parcel) {
	list, to, now := p.list, p.to, s.cfg.Now()
	if !s.limits.begin(c.Name, p.room, now) {
		s.putOff(ctx, c, list, now)
		return
	}
	m, err := s.message(ctx, list, to)
	if err != nil && asError(err) == nil { // ours, and not the channel's
		s.cfg.Log.Error("a message cannot be addressed; trying again", "key", m.Key, "error", err, "in", firstWait)
		s.record(c, list, func(keys []string) error { return s.cfg.Store.Postpone(ctx, sender, keys, now.Add(firstWait)) })
		return
	}
	var receipt notify.Receipt
	if err == nil {
		try, cancel := context.WithTimeout(ctx, c.Timeout)
		receipt, err = c.Notifier.Notify(try, m)
		cancel()
	}
	a := attempt(c.Name, now, err)
	s.limits.mute(c.Name, a.Until)
	if err != nil {
		s.cfg.Log.Warn("a message was not taken", "channel", c.Name, "person", to, "key", m.Key, "class", a.Class, "error", err)
	}
	next := make([]time.Time, len(list))
	after := s.cfg.Now()
	for i, o := range list {
		o.Attempts = append(slices.Clone(o.Attempts), a)
		if do := s.plan(o, after); do.channel != "" {
			next[i] = after
		} else {
			next[i] = do.next
		}
		if next[i].IsZero() && o.Delivered.IsZero() && !a.OK() {
			s.cfg.Log.Error("a message reached nobody", "key", o.Intent.Key, "person", o.Intent.Person, "tries", len(o.Attempts))
		}
	}
	s.record(c, list, func(keys []string) error { return s.cfg.Store.RecordAttempt(ctx, sender, keys, a, receipt.ID, next) })
}

// putOff leaves messages in the outbox that find no room now: until there is
// some, or for another channel at once.
func (s *Sender) putOff(ctx context.Context, c Channel, list []state.Outgoing, now time.Time) {
	for _, o := range list {
		next := now
		if do := s.plan(o, now); do.channel == "" {
			next = do.next
		}
		s.record(c, []state.Outgoing{o}, func(keys []string) error { return s.cfg.Store.Postpone(ctx, sender, keys, next) })
	}
}

// record writes an outcome down, and tries again for a while: a message whose
// outcome is lost is sent once more.
func (s *Sender) record(c Channel, list []state.Outgoing, write func(keys []string) error) {
	keys := make([]string, len(list))
	for i, o := range list {
		keys[i] = o.Intent.Key
	}
	var err error
	for try := range 3 {
		if try > 0 {
			timer := time.NewTimer(time.Duration(try) * time.Second)
			<-timer.C
		}
		err = write(keys)
		if err == nil {
			return
		}
	}
	s.cfg.Log.Error("what became of a message could not be written down; it may be sent again", "channel", c.Name, "messages", len(keys), "error", err)
}

// message is what the channel is given.
func (s *Sender) message(ctx context.Context, list []state.Outgoing, to string) (notify.Message, error) {
	first := list[0].Intent
	m := notify.Message{Key: first.Key, Kind: first.Kind, Level: first.Level, At: first.At}
	language := wording.Chinese
	var names []string
	for _, group := range byPerson(list) {
		p, ok, err := s.cfg.Person(ctx, group[0].Intent.Person)
		if err != nil {
			return m, fmt.Errorf("look %s up: %w", group[0].Intent.Person, err)
		}
		if !ok {
			if to == "" {
				continue // the others still want to know
			}
			return m, &notify.Error{Class: notify.BadRecipient, Err: fmt.Errorf("%s is not in the roster any more", group[0].Intent.Person)}
		}
		names = append(names, "@"+p.Name)
		if to != "" {
			m.To, language = p.Recipient(), wording.LanguageOf(p.Language)
		}
	}
	if len(names) == 0 {
		return m, &notify.Error{Class: notify.BadRecipient, Err: errors.New("nobody of those it is for is in the roster any more")}
	}
	words := make([]wording.Words, len(list))
	var covers []duty.Cover
	for i, o := range list {
		words[i] = o.Words
		covers = append(covers, o.Intent.Covers...)
		if o.Intent.Level.MoreSevere(m.Level) {
			m.Level = o.Intent.Level
		}
	}
	if len(list) > 1 {
		m.Key, m.Kind = fmt.Sprintf("%s+%d", first.Key, len(list)-1), notify.Digest
	}
	// The same short text for several people is said once.
	words = slices.CompactFunc(words, func(x, y wording.Words) bool { return x.Short == y.Short })
	w := wording.Merge(language, words)
	m.Title, m.Short, m.Text, m.Fields = w.Title, w.Short, w.Text, w.Fields
	if to == "" {
		m.To.Name = strings.Join(names, " ")
		m.Text = m.To.Name + "\n" + m.Text
	}
	if s.cfg.Link != nil && len(list) == 1 {
		m.Link = s.cfg.Link(first)
	}
	if s.cfg.Alarms != nil {
		m.Alarms = s.cfg.Alarms(ctx, covers)
	}
	return m, nil
}

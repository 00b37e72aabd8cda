package alarms

import (
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
)

// Telling is whom the site tells of excursions and power cuts while the county
// does not.
type Telling struct {
	Who []Person
	// After is how long the county may be out of reach, or may not have said that
	// it looks after an alarm, before the site tells people itself.
	After   time.Duration
	PerHour int // messages that one person gets in an hour
	// Labels are names of the site and of zones ("zone" or "site/zone"); Place is
	// where people read the time.
	Labels map[string]page.Label
	Place  *time.Location
}

// Person is somebody whom a site tells.
type Person struct {
	Name    string
	Phone   string // digits with country code
	English bool
}

// note is the intent to tell one person of one alarm; there is one at most. Its
// times are the line's.
type note struct {
	Alarm  string            `json:"alarm"`
	Rule   alerting.RuleName `json:"rule"`
	Object string            `json:"object"`
	Level  alerting.Level    `json:"level"`
	Start  int64             `json:"start"` // of the alarm
	Phone  string            `json:"phone"`
	At     int64             `json:"at"`             // when it was decided
	Sent   int64             `json:"sent,omitempty"` // when the network took it; 0: it has not
	Tries  int               `json:"tries,omitempty"`
	Next   int64             `json:"next,omitempty"`    // not tried before
	Failed bool              `json:"gave_up,omitempty"` // it will never be taken

	number uint64 // of those decided by this program; 0: it was in the file already
}

const (
	// again is how long nobody is told once more of what goes away and comes back,
	// and how long it is remembered who was told [E]: as the county's plan has it.
	again = 30 * time.Minute
	// noteHour is the hour of PerHour.
	noteHour  = time.Hour
	mostNotes = 1000
	// unkept is how long a note waits for a disk that does not write it down: a
	// second message after a power cut is better than none.
	unkept = 10 * time.Second
	// tryFirst doubles with each try in vain up to tryMost.
	tryFirst, tryMost = 15 * time.Second, 10 * time.Minute
)

// Reach notes whether the broker can be reached now. It is to be called about
// once a second, after Advance.
func (j *Judge) Reach(up bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.fresh:
	case up:
		j.changed = j.changed || j.away != 0
		j.away = 0
	case j.away == 0:
		j.away, j.changed = j.line.At, true
	}
}

// planNotes decides who is to be told of what.
func (j *Judge) planNotes() {
	if j.o.Telling == nil {
		return
	}
	now := j.line.At
	j.dropNotes(now)
	for _, p := range j.sorted() {
		if !duty.IsCritical(p.Rule, p.Level) {
			continue
		}
		if p.Critical == 0 {
			p.Critical, j.changed = now, true
		}
		if !j.untold(p, now) {
			continue
		}
		for _, who := range j.o.Telling.Who {
			j.decide(p, who.Phone, now)
		}
	}
}

// untold reports whether the site has to tell of an alarm itself: nobody has
// answered it, and the county does not look after it.
func (j *Judge) untold(p *present, now int64) bool {
	after := j.o.Telling.After.Milliseconds()
	switch {
	case p.Heard || p.quiet(now):
		return false
	case p.Rule == alerting.MainsLost && now < p.Start.Add(mainsSiren).UnixMilli():
		return false
	}
	return now-p.Critical >= after || j.away != 0 && now-j.away >= after
}

// decide adds the note of a person and an alarm if there is none and he was not
// told of the same thing just now.
func (j *Judge) decide(p *present, phone string, now int64) {
	if len(j.notes) >= mostNotes {
		return
	}
	incident := duty.IncidentOf(duty.Cover{Rule: p.Rule, Object: p.Object})
	for _, n := range j.notes {
		if n.Phone != phone {
			continue
		}
		if n.Alarm == p.ID || n.Sent != 0 && now-n.Sent < again.Milliseconds() && n.incident() == incident {
			return
		}
	}
	j.decided++
	j.changed = true
	j.notes = append(j.notes, &note{Alarm: p.ID, Rule: p.Rule, Object: p.Object, Level: p.Level, Start: p.Start.UnixMilli(), Phone: phone, At: now, number: j.decided})
}

func (n *note) incident() string {
	return duty.IncidentOf(duty.Cover{Rule: n.Rule, Object: n.Object})
}

// dropNotes forgets what says nothing any more: of an alarm that is over, unless
// somebody was told of it within the hour; of people who are told no more.
func (j *Judge) dropNotes(now int64) {
	before := len(j.notes)
	j.notes = slices.DeleteFunc(j.notes, func(n *note) bool {
		if !slices.ContainsFunc(j.o.Telling.Who, func(w Person) bool { return w.Phone == n.Phone }) {
			return true
		}
		return j.open[n.Alarm] == nil && (n.Sent == 0 || now-n.Sent >= noteHour.Milliseconds())
	})
	j.changed = j.changed || len(j.notes) != before
}

// NextMessage is the next message that is to be sent now; false: none. Sent has
// to be told what became of it before it is asked again.
func (j *Judge) NextMessage() (notify.Message, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.o.Telling == nil {
		return notify.Message{}, false
	}
	for _, who := range j.o.Telling.Who {
		if list := j.waiting(who.Phone); len(list) > 0 && j.sentWithin(who.Phone) < j.o.Telling.PerHour {
			return j.message(who, list), true
		}
	}
	return notify.Message{}, false
}

// waiting are the alarms that a person has to be told of now, the worst first.
func (j *Judge) waiting(phone string) (out []*present) {
	now := j.line.At
	for _, p := range j.sorted() {
		for _, n := range j.notes {
			if n.Alarm == p.ID && n.Phone == phone && n.Sent == 0 && !n.Failed && now >= n.Next && j.isKept(n) && !p.Heard && !p.quiet(now) {
				out = append(out, p)
			}
		}
	}
	return out
}

// isKept reports whether a restart would know of the note.
func (j *Judge) isKept(n *note) bool {
	return j.o.File == "" || n.number <= j.kept || j.line.At-n.At >= unkept.Milliseconds()
}

// sentWithin is how many messages a person was sent within the hour. Those of
// one moment were one.
func (j *Judge) sentWithin(phone string) int {
	moments := map[int64]bool{}
	for _, n := range j.notes {
		if n.Phone == phone && n.Sent != 0 && j.line.At-n.Sent < noteHour.Milliseconds() {
			moments[n.Sent] = true
		}
	}
	return len(moments)
}

// Sent says what became of a message: it was taken, or why it was not.
func (j *Judge) Sent(m notify.Message, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.line.At
	for _, n := range j.notes {
		if n.Phone != m.To.Phone || !slices.ContainsFunc(m.Alarms, func(a alerting.Alarm) bool { return a.ID == n.Alarm }) {
			continue
		}
		n.Tries++
		j.changed = true
		if err == nil {
			n.Sent = now
			j.tell(wire.EventAlarmTold, alerting.Alarm{Rule: n.Rule, Object: n.Object, Level: n.Level, Start: at(n.Start)}, m.To.Name)
			continue
		}
		class := notify.ClassOf(err)
		n.Failed = class == notify.BadRecipient || class == notify.Refused
		n.Next = now + min(tryFirst<<min(n.Tries-1, 10), tryMost).Milliseconds()
	}
}

// Reply takes what somebody has written back. "1" silences the siren for what
// he was told of and is still wrong, as the button does, and the county learns
// of it. It never fails: what is no answer is let go.
func (j *Judge) Reply(r notify.Reply) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := duty.Reply(r.Text); !ok || j.o.Telling == nil {
		j.o.Logger.Info("a short message is no answer and was let go", "length", len(r.Text))
		return
	}
	i := slices.IndexFunc(j.o.Telling.Who, func(w Person) bool { return w.Phone == r.From })
	if i < 0 {
		j.o.Logger.Warn("an answer by SMS is let go: nobody with its number is told of alarms here")
		return
	}
	who, answered := j.o.Telling.Who[i], map[string]bool{}
	for _, n := range j.notes {
		if n.Phone == who.Phone && n.Sent != 0 && j.after(n, r.At) {
			answered[n.incident()] = true
		}
	}
	for _, p := range j.sorted() {
		if answered[duty.IncidentOf(duty.Cover{Rule: p.Rule, Object: p.Object})] {
			j.answer(p, "SMS, "+who.Name)
			p.AnsweredBy, p.BySMS = who.Name, true
		}
	}
}

// after reports whether an answer of that moment can be to the note. A network's
// clock may be a little off; where no clock here knows, it can.
func (j *Judge) after(n *note, moment time.Time) bool {
	sent, known := j.line.wall(n.Sent)
	return !known || moment.IsZero() || moment.UnixMilli() >= sent-time.Minute.Milliseconds()
}

// toldOf are the names of those who were told of an alarm, in their order.
func (j *Judge) toldOf(alarm string) (names []string) {
	if j.o.Telling == nil {
		return nil
	}
	for _, who := range j.o.Telling.Who {
		if slices.ContainsFunc(j.notes, func(n *note) bool { return n.Alarm == alarm && n.Phone == who.Phone && n.Sent != 0 }) {
			names = append(names, who.Name)
		}
	}
	return names
}

package alarms

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/sensors"
)

// message tells a person of alarms in the county's words. Times are the wall
// clock's; where no clock ever told one, nothing is said of it.
func (j *Judge) message(who Person, list []*present) notify.Message {
	l := wording.Chinese
	if who.English {
		l = wording.English
	}
	m := notify.Message{Kind: notify.Raised, Level: list[0].Level, To: notify.Recipient{Name: who.Name, Phone: who.Phone}}
	if wall, known := j.line.wall(j.line.At); known {
		m.At = at(wall)
	}
	intent, known := duty.Intent{Kind: notify.Raised, Level: m.Level, At: m.At}, map[string]wording.Subject{}
	sum := sha256.New()
	fmt.Fprintln(sum, who.Phone)
	for _, p := range list {
		s := wording.Subject{Alarm: j.onWall(p.Alarm), Batches: j.lies(p.Zone)}
		m.Alarms, known[p.ID] = append(m.Alarms, s.Alarm), s
		intent.Covers = append(intent.Covers, duty.Cover{Alarm: p.ID, Rule: p.Rule, Object: p.Object, Level: p.Level})
		fmt.Fprintln(sum, p.ID)
	}
	m.Key = "site/" + hex.EncodeToString(sum.Sum(nil)[:8])
	w := wording.Composer{
		Names: names{j.o.Telling}, Location: j.o.Telling.Place, Unit: j.unit, Answer: true,
		Subject: func(alarm string) (wording.Subject, bool) { s, ok := known[alarm]; return s, ok },
	}.Compose(l, intent)
	m.Title, m.Short, m.Text, m.Fields = w.Title, w.Short, w.Text, w.Fields
	return m
}

// onWall is an alarm with the times of the wall clock; those that none told are
// zero.
func (j *Judge) onWall(a alerting.Alarm) alerting.Alarm {
	for _, t := range []*time.Time{&a.Start, &a.Raised, &a.LastSeen} {
		if t.IsZero() {
			continue
		}
		wall, known := j.line.wall(t.UnixMilli())
		*t = at(wall)
		if !known {
			*t = time.Time{}
		}
	}
	return a
}

// lies are the batches that lie in a zone by the county's book.
func (j *Judge) lies(zone string) (batches []string) {
	b, _ := j.room(zone)
	for _, s := range b.Stays {
		if s.Batch != "" {
			batches = append(batches, s.Batch)
		}
	}
	return batches
}

// unit is that of a point's values, as people write it.
func (j *Judge) unit(point string) string {
	if j.quantity(point) == sensors.Humidity {
		return "%RH"
	}
	return "°C"
}

// names are how the site's places are called, by its configuration.
type names struct{ *Telling }

// Site implements wording.Names.
func (n names) Site(site string, l wording.Language) string { return n.label(l, site) }

// Zone implements wording.Names. Of what kind a room is the county knows.
func (n names) Zone(zone string, l wording.Language) (name, kind string) {
	_, room, _ := strings.Cut(zone, "/")
	if name = n.label(l, zone, room); name == "" {
		name = room
	}
	return name, ""
}

// Person implements wording.Names.
func (n names) Person(id string) string { return id }

// label is the first of the names that is there, in the other language if it has
// to be.
func (n names) label(l wording.Language, keys ...string) string {
	for _, key := range keys {
		label := n.Labels[key]
		first, second := label.ZH, label.EN
		if l == wording.English {
			first, second = second, first
		}
		if first != "" {
			return first
		}
		if second != "" {
			return second
		}
	}
	return ""
}

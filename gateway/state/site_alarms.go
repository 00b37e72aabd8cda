package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Sites tell of their own alarms by events. The county owns alarms: what a site
// says of one belongs to the alarm of the same rule and object that lasted at
// that time, whichever of the two is known first. What somebody silenced at the
// site is an answer to it.

// sameAlarm is by how much the start of an alarm at a site and at the county
// may differ: what a clock may be slewed by, and a poll that only one of them
// has seen.
const sameAlarm = 2 * time.Minute

// siteEvents are the names of events about alarms.
func siteEvents() []string {
	return []string{wire.EventAlarmRaised, wire.EventAlarmEscalated, wire.EventAlarmReturned, wire.EventAlarmSilenced, wire.EventAlarmTold}
}

// SiteEvent is what a site said of an alarm.
type SiteEvent struct {
	Name  string
	At    time.Time
	Level alerting.Level
	Since time.Time // when it began there
	By    string    // of an alarm that was silenced: who did; of which the site told somebody: whom
	Same  bool      // the site gave it the same identity: both judged the same readings by the same limits
}

// answerFromSite takes what was silenced at a site for an answer to the alarms
// it is about. One that is not known yet is answered when it is raised.
func (tx *txn) answerFromSite(e JournalEntry) error {
	if e.Kind != wire.EventRecord || e.Event.Name != wire.EventAlarmSilenced {
		return nil
	}
	said, err := wire.ParseAlarm(e.Event.Detail)
	if err != nil {
		return nil // it is kept as an event, and says nothing
	}
	zone := "" // what an alarm of a point has; for the index
	if p, err := sensors.ParsePointID(e.Event.Object); err == nil && !onLine(alerting.RuleName(said.Rule)) {
		zone = p.Zone()
	}
	rows, err := tx.QueryContext(tx.ctx, alarmColumns+` FROM alarms a WHERE a.zone = ?5 AND a.rule = ?1 AND a.object = ?2
		AND a.start_ms <= ?3 AND (a.returned_ms IS NULL OR a.returned_ms >= ?4)`,
		said.Rule, e.Event.Object, e.Event.At.Add(sameAlarm).UnixMilli(), e.Event.At.Add(-said.Age-sameAlarm).UnixMilli(), zone)
	found, err := scanAlarms(rows, err)
	if err != nil {
		return err
	}
	for _, a := range found {
		if err := tx.silencedAtSite(a.ID, e.Site, said.By, e.Event.At); err != nil {
			return err
		}
	}
	return nil
}

// onLine reports whether a rule is about a bus or device: its object has the
// form of a point's and is none.
func onLine(rule alerting.RuleName) bool { return rule == duty.BusFault || rule == duty.DeviceFault }

// answersOfSite takes what was silenced at a site before the county had the
// alarm. The alarm is in the file by now.
func (tx *txn) answersOfSite(a Alarm) error {
	events, err := siteEventsAbout(tx.ctx, tx.Tx, a.Alarm)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Name == wire.EventAlarmSilenced {
			site, _, _ := strings.Cut(a.Object, "/")
			if err := tx.silencedAtSite(a.ID, site, e.By, e.At); err != nil {
				return err
			}
		}
	}
	return nil
}

// silencedAtSite writes the step down, once. An event whose time cannot be is
// kept as an event alone.
func (tx *txn) silencedAtSite(alarm, site, by string, at time.Time) error {
	before := tx.actor
	tx.actor = Actor{Kind: System, ID: "site/" + site}
	defer func() { tx.actor = before }()
	_, err := tx.step(alarm, duty.Acknowledged, silencedNote(by), at)
	var refused *Refusal
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// silencedNote says in both languages what was done, and where from.
func silencedNote(by string) string {
	by = strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, by)
	if runes := []rune(by); len(runes) > 100 {
		by = string(runes[:100])
	}
	return fmt.Sprintf("现场静音 silenced at the site (%s)", by)
}

// SiteEvents returns what its site said of an alarm, oldest first.
func (db *DB) SiteEvents(ctx context.Context, a alerting.Alarm) (out []SiteEvent, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = siteEventsAbout(ctx, tx, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what the site said of alarm %s: %w", a.ID, err)
	}
	return out, nil
}

// SiteAlarmsApart returns what sites have raised since a moment and the county
// has no alarm for: it judges otherwise there, by other limits or by readings
// that are still to come. Newest first.
func (db *DB) SiteAlarmsApart(ctx context.Context, since time.Time, most int) (out []JournalEntry, err error) {
	const longest = 30 * 24 * time.Hour // an alarm that began earlier is looked for in vain
	rows, err := db.reader.QueryContext(ctx, `SELECT e.gateway, e.epoch, e.seq, e.site, e.from_ms, e.object, e.detail FROM entries e
		WHERE e.kind = 'event' AND e.name = ?1 AND e.to_ms >= ?2 AND NOT EXISTS (SELECT 1 FROM alarms a
			WHERE a.start_ms BETWEEN e.from_ms - ?4 AND e.from_ms + ?5 AND a.object = e.object AND a.rule = json_extract(e.detail, '$.rule')
			AND (a.returned_ms IS NULL OR a.returned_ms >= e.from_ms - json_extract(e.detail, '$.age_ms') - ?5))
		ORDER BY e.from_ms DESC, e.gateway, e.epoch DESC, e.seq DESC LIMIT ?3`,
		wire.EventAlarmRaised, since.UnixMilli(), limit(most), longest.Milliseconds(), sameAlarm.Milliseconds())
	err = each(rows, err, func() error {
		e := JournalEntry{Record: wire.Record{Kind: wire.EventRecord, Event: wire.Event{Name: wire.EventAlarmRaised}}}
		var at int64
		var text string
		if err := rows.Scan(&e.Gateway, &e.Epoch, &e.Seq, &e.Site, &at, &e.Event.Object, &text); err != nil {
			return err
		}
		e.Event.At = time.UnixMilli(at).UTC()
		out = append(out, e)
		return json.Unmarshal([]byte(text), &out[len(out)-1].Event.Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("look for alarms of sites that the county has not: %w", err)
	}
	return out, nil
}

// mostSiteEvents bounds what is read of one alarm: one that flaps for days.
const mostSiteEvents = 200

func siteEventsAbout(ctx context.Context, tx *sql.Tx, a alerting.Alarm) (out []SiteEvent, err error) {
	names, err := json.Marshal(siteEvents())
	if err != nil {
		return nil, err
	}
	site, _, _ := strings.Cut(a.Object, "/")
	var until any
	if !a.Returned.IsZero() { // its end is told once it has stood for the delay
		until = a.Returned.Add(a.Delay + sameAlarm).UnixMilli()
	}
	rows, err := tx.QueryContext(ctx, `SELECT name, from_ms, detail FROM entries
		WHERE site = ?1 AND from_ms >= ?2 AND (?3 IS NULL OR from_ms <= ?3) AND kind = 'event' AND object = ?4
		AND name IN (SELECT value FROM json_each(?5)) ORDER BY from_ms, seq LIMIT ?6`,
		site, a.Start.Add(-sameAlarm).UnixMilli(), until, a.Object, string(names), mostSiteEvents)
	err = each(rows, err, func() error {
		var e SiteEvent
		var at int64
		var text string
		if err := rows.Scan(&e.Name, &at, &text); err != nil {
			return err
		}
		detail := map[string]string{}
		if err := json.Unmarshal([]byte(text), &detail); err != nil {
			return err
		}
		said, err := wire.ParseAlarm(detail)
		e.At = time.UnixMilli(at).UTC()
		e.Since = e.At.Add(-said.Age)
		over := !a.Returned.IsZero() && e.Since.After(a.Returned.Add(sameAlarm)) // of the next one
		if err != nil || said.Rule != string(a.Rule) || over {
			return nil // it is not about this alarm
		}
		e.Level, e.By, e.Same = alerting.Level(said.Level), said.By, said.ID == a.ID
		out = append(out, e)
		return nil
	})
	return slices.Clip(out), err
}

package state

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/sensors"
)

// Alarm is an alarm, who answered it, and the goods it is about.
type Alarm struct {
	alerting.Alarm
	// The newest answer. It may be to a milder level than the alarm has now:
	// State tells whether somebody is still needed.
	AckedBy    Actor          `json:"acked_by,omitzero"`
	AckedAt    time.Time      `json:"acked_at,omitzero"`
	AckedLevel alerting.Level `json:"acked_level,omitempty"`
	Note       string         `json:"note,omitempty"`
	// Batches are the codes of the batches that lay in the zone while the
	// alarm lasted, sorted; of a site's alarm, in any of its zones.
	Batches []string `json:"batches"`
	// Exposed says the same with each stay: a batch that left and came back
	// has two.
	Exposed []Exposed `json:"exposed"`
}

// Exposed is a batch's stay in an alarm's zone.
type Exposed struct {
	Batch   batch.Batch   `json:"batch"`
	Custody batch.Custody `json:"custody"`
}

// Apply writes what the engine reported and returns each alarm it is about
// once, as it is stored now. Applying the same transitions again changes
// nothing. A transition that changes more than peak, newest value and newest
// time leaves an audit row.
func (db *DB) Apply(ctx context.Context, actor Actor, transitions []alerting.Transition) ([]Alarm, error) {
	for _, t := range transitions {
		if err := checkAlarm(t.Alarm); err != nil {
			return nil, fmt.Errorf("apply a change of alarm %s: %w", t.Alarm.ID, err)
		}
	}
	var out []Alarm
	err := db.change(ctx, actor, func(tx *txn) error {
		var ids []string
		before, after := map[string]Alarm{}, map[string]Alarm{}
		for _, t := range transitions {
			id := t.Alarm.ID
			if _, seen := after[id]; !seen {
				ids = append(ids, id)
				known, err := tx.alarm(id)
				if err != nil && !errors.Is(err, ErrNotFound) {
					return err
				}
				before[id], after[id] = known, known
			}
			merged, err := tx.applyOne(after[id], ms(t.Alarm))
			if err != nil {
				return fmt.Errorf("alarm %s: %w", id, err)
			}
			after[id] = merged
		}
		changed := false
		for _, id := range ids {
			if sameRow(before[id], after[id]) {
				continue
			}
			changed = true
			if before[id].ID != "" && extended(before[id], after[id]) {
				if err := tx.audit(alarmExtended, id, alarmDetail(after[id])); err != nil {
					return err
				}
			}
			if err := tx.putAlarm(after[id]); err != nil {
				return fmt.Errorf("alarm %s: %w", id, err)
			}
			if before[id].ID != "" && !extended(before[id], after[id]) {
				continue
			}
			if err := tx.answersOfSite(after[id]); err != nil {
				return fmt.Errorf("alarm %s: %w", id, err)
			}
			known, err := tx.alarm(id)
			if err != nil {
				return fmt.Errorf("alarm %s: %w", id, err)
			}
			after[id] = known
		}
		var err error
		if out, err = withBatches(ctx, tx.Tx, inOrder(ids, after), tx.at); err != nil {
			return err
		}
		if !changed {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("apply %d changes of alarms: %w", len(transitions), err)
	}
	return out, nil
}

// applyOne merges one transition and audits what it did.
func (tx *txn) applyOne(known Alarm, said alerting.Alarm) (Alarm, error) {
	var actions []string
	merged := Alarm{Alarm: said}
	if known.ID == "" {
		// What is new is raised first, even when it is already over.
		merged.State = stateOf(said.Returned.IsZero(), false)
		actions = append(actions, alarmRaised)
		if !said.Returned.IsZero() {
			actions = append(actions, alarmReturned)
		}
	} else {
		merged, actions = merge(known, said)
	}
	for _, action := range actions {
		if err := tx.audit(action, said.ID, alarmDetail(merged)); err != nil {
			return Alarm{}, err
		}
	}
	if err := tx.ring(merged, actions); err != nil {
		return Alarm{}, err
	}
	return merged, nil
}

// Acknowledge records that actor has answered an alarm, at `at` (zero: now).
// It is possible at any time, also after the return. Doing it again is
// harmless: the first answer stands, unless the alarm has grown more serious
// since. ErrNotFound when there is no such alarm.
func (db *DB) Acknowledge(ctx context.Context, actor Actor, id, note string, at time.Time) (Alarm, error) {
	if err := checkText("note", note, 500); err != nil {
		return Alarm{}, err
	}
	var out []Alarm
	err := db.change(ctx, actor, func(tx *txn) error {
		a, err := tx.alarm(id)
		if err != nil {
			return err
		}
		stands := a.answered()
		if !stands {
			if at.IsZero() {
				at = tx.at
			}
			if err := tx.acknowledge(&a, note, at); err != nil {
				return err
			}
		}
		if out, err = withBatches(ctx, tx.Tx, []Alarm{a}, tx.at); err != nil {
			return err
		}
		if stands {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return Alarm{}, fmt.Errorf("acknowledge alarm %s: %w", id, err)
	}
	return out[0], nil
}

func checkAlarm(a alerting.Alarm) error {
	switch {
	case a.ID == "" || a.Object == "" || a.Start.IsZero():
		return refuse(ErrInvalid, "an alarm needs an id, an object and a start")
	case a.HasValue && !(finite(a.Limit) && finite(a.Peak) && finite(a.LastValue)):
		return refuse(ErrInvalid, "limit, peak and newest value must be numbers")
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// ms brings an alarm's times to what the file keeps, so that comparing with
// what was read back compares like with like.
func ms(a alerting.Alarm) alerting.Alarm {
	a.Start, a.Raised = toMillisecond(a.Start), toMillisecond(a.Raised)
	a.Returned, a.LastSeen = toMillisecond(a.Returned), toMillisecond(a.LastSeen)
	if a.LastSeen.IsZero() {
		a.LastSeen = a.Start
	}
	if a.Raised.IsZero() {
		a.Raised = a.Start
	}
	a.Delay = a.Delay.Truncate(time.Millisecond)
	if !a.HasValue {
		a.Limit, a.Peak, a.LastValue = 0, 0, 0 // they mean nothing, and are not kept
	}
	return a
}

func sameRow(a, b Alarm) bool {
	return a.Alarm == b.Alarm && a.AckedBy == b.AckedBy && a.AckedAt.Equal(b.AckedAt) && a.AckedLevel == b.AckedLevel && a.Note == b.Note
}

func inOrder(ids []string, by map[string]Alarm) []Alarm {
	out := make([]Alarm, len(ids))
	for i, id := range ids {
		out[i] = by[id]
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// alarmDetail is what an audit row says about an alarm.
func alarmDetail(a Alarm) detail {
	d := detail{"rule": a.Rule, "object": a.Object, "zone": a.Zone, "level": a.Level, "class": a.Class,
		"state": a.State, "start": stamp(a.Start), "raised": stamp(a.Raised), "last_seen": stamp(a.LastSeen), "delay": a.Delay.String()}
	if !a.Returned.IsZero() {
		d["returned"] = stamp(a.Returned)
	}
	if a.HasValue {
		d["limit"], d["peak"] = a.Limit, a.Peak
	}
	if a.Masked != 0 { // how long a defrost or a door had held it back
		d["masked"] = a.Masked.String()
	}
	if a.Reason != sensors.NoReason {
		d["reason"] = a.Reason
	}
	return d
}

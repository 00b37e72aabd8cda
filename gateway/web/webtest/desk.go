package webtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"coldchain/gateway/web"
	"coldchain/sensors"
)

// Trails is what a Fake's county has written down of its changes and probes.
type Trails struct {
	Trail []web.AuditEntry  // newest first
	Due   []web.Calibration // in any order
}

// SearchAudit implements web.Audit.
func (f *Fake) SearchAudit(_ context.Context, q web.AuditQuery) (found []web.AuditEntry, next int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.Trail {
		switch {
		case q.Before > 0 && e.Seq >= q.Before, !strings.Contains(e.Who, q.Who), !strings.HasPrefix(e.Action, q.Action), !strings.Contains(e.Object, q.Object),
			!q.From.IsZero() && e.At.Before(q.From), !q.To.IsZero() && !e.At.Before(q.To):
			continue
		}
		if len(found) == q.Limit {
			return found, found[len(found)-1].Seq, f.StateDown
		}
		found = append(found, e)
	}
	return found, 0, f.StateDown
}

// Calibrations implements web.Calibrations.
func (f *Fake) Calibrations(context.Context) ([]web.Calibration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Due, f.StateDown
}

// desk draws a month of changes, and probes that run out one after the other.
func (s *Scene) desk(now time.Time) {
	people := []string{"batu", "qiqige", "temuer"}
	actions := []string{"alarm.acknowledged", "batch.moved", "alarm.closed", "batch.verdict", "people.changed", "outage.planned", "alarm.step"}
	objects := []string{"HJQ261123-TLG-007", "balagong/mutton-1/air", "roster", "HJQ261122-BEE-002"}
	for i := range 260 {
		e := web.AuditEntry{Seq: int64(1260 - i), At: now.Add(-time.Duration(i) * 47 * time.Minute), Kind: "person", Who: people[i%3],
			Action: actions[i%7], Object: objects[i%4], Detail: fmt.Sprintf(`{"device":"%08x","note":"演示 %d"}`, hash(fmt.Sprint(i%5)), i), Hash: []byte{byte(i), byte(i >> 8), 7, 9}}
		if i%4 == 3 {
			e.Kind, e.Who, e.Action = "system", "engine", "alarm.raised"
		}
		s.Trail = append(s.Trail, e)
	}
	for i, r := range s.rooms {
		for _, p := range r.zone.Points {
			if p.Quantity != sensors.Temperature {
				continue
			}
			c := web.Calibration{Point: string(p.ID), Gateway: "gw-" + strings.SplitN(string(p.ID), "/", 2)[0], Device: "probe", Until: now.AddDate(0, 0, i*11-9)}
			if i%9 == 4 {
				c.Until = time.Time{}
			}
			s.Due = append(s.Due, c)
		}
	}
}

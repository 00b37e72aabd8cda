package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"coldchain/gateway/access"
	"coldchain/sensors"
)

// events answers GET /api/v1/events with a stream of server-sent events. It
// begins with "hello": whoever listens then asks for zones and alarms afresh,
// so nothing that changed while it was away is missed. Who comes again with the
// Last-Event-ID of what he heard, and has not missed too much, hears "resumed"
// instead, and then what has changed since.
//
//	hello    {now}
//	resumed  {now}           go on; nothing needs to be asked for
//	reading  {now, points}   points as in /points
//	alarm    {now, alarms}   alarms as in /alarms, as they are now
//	batch    {now, batches}  batches as in /batches
//	gateway  {now, gateways} gateways as in /sites
//	zone     {now, uses}     how zones are used: zone, disuse and truck as in /zones
//	people   {now}           roster, plan or outages have changed: ask for them
//	trouble  {now, trouble}  as in /sites, when it has changed
//	alive    {now}           nothing has changed for Options.Heartbeat; a listener that
//	                         hears nothing for three of them has lost its stream
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if err := onlyParams(r); err != nil {
		s.fail(w, r, err)
		return
	}
	l, id, resumed := s.deps.Hub.join(r.Header.Get("Last-Event-ID"))
	defer s.deps.Hub.leave(l)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy in front must not gather
	st := &stream{w: w, control: http.NewResponseController(w), sent: map[sensors.PointID]sentPoint{}, reach: reachOf(r)}
	if r.Method == http.MethodHead {
		return
	}
	first := s.event("hello", map[string]any{}) + "id: " + id + "\n\n"
	if resumed { // the id comes with what was missed
		first = s.event("resumed", map[string]any{})
		st.trouble = "unknown" // it is told, also that there is none any more
	}
	if err := st.send("retry: 3000\n\n" + first + s.troubleEvent(st)); err != nil {
		return
	}
	s.feed(r, l, st)
}

// still reports whether whoever listens may go on, and how far he reaches now: a
// session ends while its stream is open.
func (s *Server) still(r *http.Request, st *stream) bool {
	who, err := s.identify(r)
	rule, ok := access.Find("GET", "/api/v1/events")
	if err != nil || !ok || rule.May(who) != access.Allowed {
		return false
	}
	st.reach = who.Reach(rule.Roles...)
	return true
}

func (s *Server) feed(r *http.Request, l *listener, st *stream) {
	ctx := r.Context()
	beat := time.NewTicker(s.opt.Heartbeat)
	defer beat.Stop()
	flush := time.NewTimer(time.Hour)
	flush.Stop()
	defer flush.Stop()
	gathering := false // flush runs; later changes must not put it off
	for {
		var text string
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case _, ok := <-l.wake:
			if !ok {
				return
			}
			if !gathering {
				flush.Reset(s.opt.Flush)
				gathering = true
			}
			continue
		case <-flush.C:
			gathering = false
			if !s.still(r, st) {
				return
			}
			changed, id := s.deps.Hub.take(l)
			// Last, so that who hears a part of it hears all of it again.
			text = s.changes(ctx, st, changed) + "id: " + id + "\n\n"
		case <-beat.C:
			if !s.still(r, st) {
				return
			}
			if text = s.troubleEvent(st); text == "" {
				text = s.event("alive", map[string]any{})
			}
		}
		if err := st.send(text); err != nil {
			return
		}
	}
}

// changes describes what has changed as it is now.
func (s *Server) changes(ctx context.Context, st *stream, changed map[Kind][]string) (text string) {
	if points := s.newest(st, reachable(st.reach, changed[ReadingEvent])); len(points) > 0 {
		text += s.event(ReadingEvent, map[string]any{"points": points})
	}
	if ids := changed[AlarmEvent]; len(ids) > 0 {
		alarms := lookUp(s, ids, func(id string) (alarmJSON, error) {
			a, err := s.deps.Alarms.Alarm(ctx, id)
			if err == nil && !st.reach.Covers(placeOfAlarm(a)) {
				err = ErrNotFound // of others
			}
			return s.alarm(own(st.reach, a)), err
		})
		if len(alarms) > 0 || st.reach.All {
			text += s.event(AlarmEvent, map[string]any{"alarms": alarms})
		}
	}
	if ids := changed[BatchEvent]; len(ids) > 0 {
		batches := lookUp(s, ids, func(id string) (batchJSON, error) {
			h, err := s.deps.Batches.Batch(ctx, id)
			if err == nil && !st.reach.Covers(placeOfBatch(h, false)) {
				err = ErrNotFound
			}
			return batchOf(h), err
		})
		if len(batches) > 0 || st.reach.All {
			text += s.event(BatchEvent, map[string]any{"batches": batches})
		}
	}
	if len(changed[GatewayEvent]) > 0 {
		text += s.event(GatewayEvent, map[string]any{"gateways": s.gatewaysNamed(changed[GatewayEvent], st.reach)})
	}
	if zones := reachable(st.reach, changed[ZoneEvent]); len(zones) > 0 && s.deps.Usage != nil {
		text += s.event(ZoneEvent, map[string]any{"uses": s.usesOf(zones)})
	}
	if len(changed[PeopleEvent]) > 0 {
		text += s.event(PeopleEvent, map[string]any{})
	}
	return text
}

// troubleEvent tells what is wrong with the collector itself, when a listener
// has last heard otherwise.
func (s *Server) troubleEvent(st *stream) string {
	t := s.trouble()
	code := ""
	if t != nil {
		code = t.Code
	}
	if code == st.trouble {
		return ""
	}
	st.trouble = code
	return s.event("trouble", map[string]any{"trouble": t})
}

// newest lists the points that are not as this listener last saw them. A
// backlog that drains changes the history of a point but not its newest value.
func (s *Server) newest(st *stream, ids []string) []pointJSON {
	points := []pointJSON{}
	for _, id := range ids {
		p, ok := s.index.points[sensors.PointID(id)]
		if !ok {
			continue
		}
		point := s.point(p)
		seen := sentPoint{status: point.Status}
		if point.Reading != nil {
			seen.at = time.Time(point.Reading.Time)
		}
		if was, known := st.sent[p.ID]; known && was == seen {
			continue
		}
		st.sent[p.ID] = seen
		points = append(points, point)
	}
	return points
}

// lookUp fetches things by name and leaves out those that cannot be had: the
// page asks for everything again from time to time.
func lookUp[T any](s *Server, ids []string, get func(string) (T, error)) []T {
	out := make([]T, 0, len(ids))
	for _, id := range ids {
		v, err := get(id)
		if err != nil {
			if !errors.Is(err, ErrNotFound) && !errors.Is(err, context.Canceled) {
				s.opt.Logger.Warn("live event left out", "id", id, "err", err)
			}
			continue
		}
		out = append(out, v)
	}
	return out
}

func (s *Server) gatewaysNamed(names []string, reach access.Reach) []gatewayJSON {
	wanted := make(map[string]bool, len(names))
	for _, n := range names {
		wanted[n] = true
	}
	out := []gatewayJSON{}
	for _, g := range s.deps.Live.Gateways() {
		if wanted[g.Name] && reach.Site(g.Site) {
			out = append(out, gatewayOf(g))
		}
	}
	return out
}

// reachable leaves of names of points and zones those in reach.
func reachable(reach access.Reach, ids []string) []string {
	if reach.All {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !reach.Site(siteOf(id)) })
}

// event writes one event with the server's clock in it.
func (s *Server) event(k Kind, data map[string]any) string {
	data["now"] = stamp(s.opt.Now())
	body, err := json.Marshal(data)
	if err != nil { // only a programming mistake can bring us here
		s.opt.Logger.Error("live event cannot be encoded", "kind", string(k), "err", err)
		return ""
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", k, body)
}

// stream is one listener's connection.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	sent    map[sensors.PointID]sentPoint
	reach   access.Reach // of whoever listens
	trouble string       // code of what was told last
}

// sentPoint is what a listener was last told of a point.
type sentPoint struct {
	at     time.Time
	status PointStatus
}

// send writes and flushes within writeWithin; an error means that the reader
// is gone or does not read.
func (st *stream) send(text string) error {
	if text == "" {
		return nil
	}
	// Writers that know no deadline (tests) say so; then there is none.
	if err := st.control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.control.Flush()
}

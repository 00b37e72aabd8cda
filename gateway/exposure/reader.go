package exposure

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Zone is how a room or box is measured.
type Zone struct {
	ID   string // "site/zone"
	Kind exposure.Kind
	// Probe is a point in the goods, Air the one around them; one of them is
	// read, the probe before the air. Empty: there is none.
	Probe, Air sensors.PointID
	Humidity   sensors.PointID
	Switches   []Switch // that mask
	Learns     bool     // defrosts that no switch tells of are learned from the air
}

// Switch is a point that excuses its room.
type Switch struct {
	Point    sensors.PointID
	Quantity sensors.Quantity
	Mask     alerting.Mask
}

// Lot is a batch as its exposure needs it.
type Lot struct {
	Code, Profile string
	Stays         []Stay // oldest first, not overlapping
	Parents       []batch.Link
	Logs          []Log // files of loggers that travelled along, those that count
}

// Stay is where a batch was, and when. A zero To: it is there still.
type Stay struct {
	Zone     string // "site/zone"; of an unmonitored stay a place in words
	Kind     exposure.Kind
	From, To time.Time
	Hand     []exposure.Hand
}

// Source is what the county knows besides readings.
type Source interface {
	// Lot returns a batch with its stays; the error of one that is not there is
	// passed on.
	Lot(ctx context.Context, code string) (Lot, error)
	// Holes returns why there may be no readings of a point, in any order.
	Holes(ctx context.Context, point sensors.PointID, from, to time.Time) ([]exposure.Hole, error)
	// CalibratedUntil is when the certificate of a point's probe runs out; ok is
	// false when nobody knows.
	CalibratedUntil(point sensors.PointID) (until time.Time, ok bool)
}

// Versions remembers what was told.
type Versions interface {
	ExposureVersion(ctx context.Context, batch string) (state.ExposureVersion, error)
	NoteExposureVersion(ctx context.Context, batch string, before, now state.ExposureVersion) (state.ExposureVersion, error)
}

// Reader works the exposure of batches out.
type Reader struct {
	Readings store.Reader
	Source   Source
	Versions Versions // nil: every exposure is version 1
	Zones    map[string]Zone
	Profiles profile.Set
	// Model returns how goods of a profile age; nil: ModelOf.
	Model func(profile.Profile) *exposure.Model
}

const (
	// interval is how often points are measured, and hole how many intervals of
	// it a reading may speak for: together the cover of the charts' rollups.
	interval = time.Minute
	hole     = float64(store.CoverFor / interval)
	// settle is how late a reading may be without being late: what is younger
	// than this is told, and may change without a new version.
	settle = 10 * time.Minute
	// maxAncestors bounds how many batches one exposure inherits from.
	maxAncestors = 100
)

// Batch returns the exposure of a batch until now.
func (r *Reader) Batch(ctx context.Context, code string, now time.Time) (exposure.Batch, error) {
	now = now.UTC().Truncate(time.Millisecond)
	lot, err := r.Source.Lot(ctx, code)
	if err != nil {
		return exposure.Batch{}, err
	}
	b := &building{r: r, o: r.options(lot.Profile), now: now, closed: now.Add(-settle), seen: map[string]bool{}}
	if r.Versions != nil {
		if b.before, err = r.Versions.ExposureVersion(ctx, code); err != nil {
			return exposure.Batch{}, err
		}
	}
	h, d, err := b.history(ctx, lot, now)
	if err != nil {
		return exposure.Batch{}, fmt.Errorf("exposure of %.64s: %w", code, err)
	}
	version, err := b.version(ctx, code, d)
	if err != nil {
		return exposure.Batch{}, err
	}
	return h.Batch(code, lot.Profile, now, version), nil
}

// options are those of a profile; goods without one have no limits.
func (r *Reader) options(name string) exposure.Options {
	o := exposure.Options{Method: exposure.Step, Interval: interval, HoleFactor: hole}
	p, known := r.Profiles[name]
	if !known {
		return o
	}
	o.Limits = LimitsOf(p)
	o.Frozen = Frozen(o.Limits)
	if r.Model != nil {
		o.Model = r.Model(p)
	} else {
		o.Model = ModelOf(p)
	}
	return o
}

// building is one exposure in the making.
type building struct {
	r           *Reader
	o           exposure.Options
	now, closed time.Time
	before      state.ExposureVersion
	seen        map[string]bool // on the way to where it is now
	visits      int
}

// history puts together what a batch went through before until.
func (b *building) history(ctx context.Context, lot Lot, until time.Time) (*exposure.History, *digest, error) {
	if b.visits++; b.seen[lot.Code] || b.visits > maxAncestors {
		return nil, nil, fmt.Errorf("it comes from itself by way of %.64s, or from more than %d batches: look at its links", lot.Code, maxAncestors)
	}
	b.seen[lot.Code] = true
	h, d := &exposure.History{}, newDigest(b.before.AsOf, b.closed)
	if err := b.inherit(ctx, h, d, lot, until); err != nil {
		return nil, nil, err
	}
	if err := b.stays(ctx, h, d, lot, until); err != nil {
		return nil, nil, err
	}
	for _, l := range lot.Logs {
		if l.From.Before(until) {
			d.log(l)
		}
	}
	delete(b.seen, lot.Code) // a grandparent may be met by two ways
	return h, d, nil
}

// stays adds a batch's own way: its stays, what lay between them, and what logs
// say of the goods after they had left.
func (b *building) stays(ctx context.Context, h *exposure.History, d *digest, lot Lot, until time.Time) error {
	var end time.Time // of the stay before
	for _, s := range lot.Stays {
		if !s.From.Before(until) {
			return nil
		}
		if !end.IsZero() && end.Before(s.From) { // in nobody's custody
			if err := b.unwatched(h, lot, exposure.Interval{From: end, To: s.From}); err != nil {
				return err
			}
		}
		end = s.To
		if err := b.stay(ctx, h, d, lot, s, until); err != nil {
			return err
		}
		if end.IsZero() {
			return nil
		}
	}
	if to := earlier(afterwards(lot, end), until); !end.IsZero() && end.Before(to) {
		return b.unwatched(h, lot, exposure.Interval{From: end, To: to})
	}
	return nil
}

// inherit puts the parents' histories first, each up to when the batch came out
// of it. What lies in another batch keeps its own name and is not inherited.
func (b *building) inherit(ctx context.Context, h *exposure.History, d *digest, lot Lot, until time.Time) error {
	var names []string
	var parents []exposure.History
	for _, l := range lot.Parents {
		if l.Relation == batch.Aggregated || !l.At.Before(until) {
			continue
		}
		parent, err := b.r.Source.Lot(ctx, l.Parent)
		if err != nil {
			return err
		}
		p, sum, err := b.history(ctx, parent, l.At)
		if err != nil {
			return err
		}
		names, parents = append(names, l.Parent), append(parents, *p)
		d.child(l, sum)
	}
	h.Inherit(names, parents...)
	return nil
}

// stay adds one stay, as far as it lies before until.
func (b *building) stay(ctx context.Context, h *exposure.History, d *digest, lot Lot, s Stay, until time.Time) error {
	d.begin(s)
	to := s.To
	if to.IsZero() || to.After(until) {
		to = until
	}
	where := exposure.Interval{Zone: s.Zone, Kind: s.Kind, From: s.From, To: to, Hand: within(s.Hand, s.From, to)}
	if s.Kind == exposure.Unmonitored {
		d.end(to, s)
		if s.From.Before(to) {
			return b.unwatched(h, lot, where)
		}
		return nil
	}
	if s.From.UnixMilli() >= to.UnixMilli() {
		return nil
	}
	z := b.r.Zones[s.Zone]
	if where.Kind == "" {
		where.Kind = z.Kind
	}
	where.Basis, where.Point = "air", string(z.Air)
	if z.Probe != "" {
		where.Basis, where.Point = "product", string(z.Probe)
	}
	point := sensors.PointID(where.Point)
	logs, err := b.logs(lot, s.From, to)
	if err != nil {
		return err
	}
	temperature, err := b.temperature(ctx, d, z, point, s.From, to, logs)
	if err != nil {
		return err
	}
	humidity, err := b.humidity(ctx, z, s.From, to)
	if err != nil {
		return err
	}
	where.Imported = told(logs, to)
	h.Stay(where, temperature, humidity)
	d.end(to, s)
	return nil
}

func within(list []exposure.Hand, from, to time.Time) (out []exposure.Hand) {
	for _, x := range list {
		if !x.At.Before(from) && !x.At.After(to) {
			out = append(out, x)
		}
	}
	return out
}

// temperature reads the course of a point. The readings beside the stay say
// what held when it began and whether a gap was over its end.
func (b *building) temperature(ctx context.Context, d *digest, z Zone, p sensors.PointID, from, to time.Time, beside []heard) (*exposure.Course, error) {
	if p == "" {
		return exposure.NewCourse(b.o, from, to, []exposure.Hole{{From: from, To: to, Cause: causeNoPoint}})
	}
	holes, err := b.r.Source.Holes(ctx, p, from, to)
	if err != nil {
		return nil, err
	}
	masked, err := b.masked(ctx, z, from, to)
	if err != nil {
		return nil, err
	}
	c, err := exposure.NewCourse(b.o, from, to, holes)
	if err != nil {
		return nil, err
	}
	defrosts, err := b.defrosts(ctx, z, p, from)
	if err != nil {
		return nil, err
	}
	until, dated := b.r.Source.CalibratedUntil(p)
	lowest, highest := sensors.Temperature.Range()
	var failed error
	q := store.Query{Point: p, Quantity: sensors.Temperature, From: from.Add(-store.CoverFor), To: earlier(to.Add(store.CoverFor), b.now)}
	err = store.ReadValues(ctx, b.r.Readings, q, func(v store.Value) bool {
		if !v.At.Before(from) && v.At.Before(to) {
			d.reading(v)
		}
		if v.Quality != sensors.Bad && (v.Value < lowest || v.Value > highest) { // admission lets none through
			v.Quality, v.Reason = sensors.Bad, sensors.OutOfRange
		}
		if v.Quality == sensors.Bad {
			c.Miss(v.At, string(v.Reason))
			for _, x := range beside {
				x.beside.Missed(v.At)
			}
			return true
		}
		learned := defrosts.observe(v)
		for _, x := range beside {
			x.beside.Measured(exposure.Sample{At: v.At, Value: v.Value})
		}
		for len(masked) > 0 && !masked[0].To.After(v.At) {
			masked = masked[1:]
		}
		var f exposure.Flags
		if v.Quality != sensors.Good {
			f |= exposure.Uncertain
		}
		if len(masked) > 0 && !masked[0].From.After(v.At) {
			f |= exposure.Masked
		} else if learned { // what a switch tells needs not be learned
			f |= exposure.Masked | exposure.Learned
		}
		if dated && v.At.After(until) {
			f |= exposure.CalibrationExpired
		}
		failed = c.Add(exposure.Sample{At: v.At, Value: v.Value, Flags: f})
		return failed == nil
	})
	if err == nil && failed != nil {
		err = fmt.Errorf("%s: %w", p, failed)
	}
	return c, err
}

// causeNoPoint is the cause of a gap in a zone that nothing measures.
const causeNoPoint = "no-point"

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// humidity reads a zone's humidity; nil when nothing measures it.
func (b *building) humidity(ctx context.Context, z Zone, from, to time.Time) (*exposure.Course, error) {
	if z.Humidity == "" {
		return nil, nil
	}
	c, err := exposure.NewCourse(exposure.Options{Method: b.o.Method, Interval: interval, HoleFactor: hole, Frozen: true}, from, to, nil)
	if err != nil {
		return nil, err
	}
	q := store.Query{Point: z.Humidity, Quantity: sensors.Humidity, From: from.Add(-store.CoverFor), To: earlier(to.Add(store.CoverFor), b.now)}
	var failed error
	err = store.ReadValues(ctx, b.r.Readings, q, func(v store.Value) bool {
		if v.Quality == sensors.Bad {
			c.Miss(v.At, string(v.Reason))
			return true
		}
		failed = c.Add(exposure.Sample{At: v.At, Value: v.Value})
		return failed == nil
	})
	if err == nil && failed != nil {
		err = fmt.Errorf("%s: %w", z.Humidity, failed)
	}
	return c, err
}

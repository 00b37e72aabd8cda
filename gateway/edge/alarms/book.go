package alarms

import (
	"fmt"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Heed takes what the county knows of the site: how its rooms are used, what lies
// there, what was said of its truck. On error what was known before stands.
func (j *Judge) Heed(b wire.SiteBook) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.book != nil && j.book.Version == b.Version {
		return nil
	}
	before, beforeAt := j.book, j.bookAt
	j.book, j.bookAt = &b, j.line.At
	if err := j.rebuild(j.county); err != nil {
		j.book, j.bookAt = before, beforeAt
		j.tellTruck()
		j.arm(j.engine)
		return fmt.Errorf("the county's book %s of this site: %w", b.Version, err)
	}
	for _, p := range j.open {
		j.hush(p)
		j.hear(p)
	}
	j.changed = true
	j.o.Logger.Info("taking over what the county knows of this site", "version", b.Version)
	return nil
}

// Book names the version of the county's book that is here; empty: none.
func (j *Judge) Book() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.book == nil {
		return ""
	}
	return j.book.Version
}

// armed are the quantities whose limits come and go with the goods.
func (j *Judge) armed(zone string) []sensors.Quantity {
	q := []sensors.Quantity{sensors.Temperature, sensors.Humidity}
	if j.truck != nil && zone == j.truck.box {
		q = append(q, sensors.Door) // an empty box stands open for hours
	}
	return q
}

// useOf is when the limits of each zone hold that is not always in use.
func (j *Judge) useOf() map[string]alerting.Timeline {
	out := map[string]alerting.Timeline{}
	if j.book != nil {
		for _, z := range j.book.Zones {
			if l := j.switches(z.Switches); len(l) > 0 {
				out[z.Zone] = l
			}
		}
	}
	if j.truck != nil {
		out[j.truck.box] = j.truck.Timeline()
	}
	return out
}

// switches places a timeline of the book. Where no clock here can, limits hold.
func (j *Judge) switches(list []wire.BookSwitch) (out alerting.Timeline) {
	for _, s := range list {
		t, known := int64(0), true
		if s.AtMS != 0 {
			t, known = j.line.of(s.AtMS)
		}
		if !known {
			return nil
		}
		one := alerting.Switch{On: s.On}
		if t != 0 {
			one.At = at(t)
		}
		out = append(out, one)
	}
	return out
}

// arm tells an engine when limits hold.
func (j *Judge) arm(e *engine.Engine) {
	uses := j.useOf()
	for _, z := range j.zones {
		for _, q := range j.armed(z) {
			if err := e.SetArmed(z, q, uses[z]); err != nil {
				j.o.Logger.Error("when limits hold is not known; they hold as before", "zone", z, "error", err)
			}
		}
	}
}

// moved reports whether what the wall clock says belongs to other times than
// when it was asked last: then the book does, too.
func (j *Judge) moved() bool {
	is := shift{j.line.Shift, j.line.Known, len(j.line.Past)}
	was := j.placed
	j.placed = is
	return was != is
}

type shift struct {
	ms    int64
	known bool
	past  int
}

package collector

import (
	"fmt"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Tolerances of admission. A gateway's clock may be a little ahead; nothing
// older than the oldest journal that could still be delivered is believed.
const (
	futureTolerance = 5 * time.Minute
	oldest          = 400 * 24 * time.Hour
)

// Oldest is the age of the oldest reading that is admitted. Retention must keep
// readings for longer.
const Oldest = oldest

// Registry is what the county's configuration knows; a reading of anything
// else is not admitted.
type Registry struct {
	County   string
	Gateways map[string]string // gateway -> site
	Points   map[sensors.PointID]sensors.Quantity
	// sources says which third-party sender a point belongs to; the others
	// belong to their site's gateway.
	sources map[sensors.PointID]string
	// Keep is for how long a point's readings are kept; what is older is not
	// admitted. Of a point that is not in it, for ever.
	Keep map[sensors.PointID]time.Duration
}

// refusal is why one record was not admitted.
type refusal struct {
	reason wire.QuarantineReason
	detail string
}

// sender checks that a topic names a gateway of this county at its own site.
// The broker's access list proves the gateway's name; nothing in a payload can.
func (g Registry) sender(a wire.Address) *refusal {
	switch site, known := g.Gateways[a.Gateway]; {
	case a.County != g.County:
		return &refusal{wire.WrongSender, fmt.Sprintf("county %q is not this one (%q)", a.County, g.County)}
	case !known:
		return &refusal{wire.WrongSender, fmt.Sprintf("gateway %q is not in the county's configuration", a.Gateway)}
	case site != a.Site:
		return &refusal{wire.WrongSender, fmt.Sprintf("gateway %q belongs to site %q, not %q", a.Gateway, site, a.Site)}
	}
	return nil
}

// admit checks one decoded record against the configuration and the clock. It
// returns the record to be stored, or why it must not be.
func (g Registry) admit(a wire.Address, epoch uint64, r wire.Record, now time.Time) (store.Record, *refusal) {
	p := r.Reading.Point
	if p.Site() != a.Site {
		return store.Record{}, &refusal{wire.WrongSender, fmt.Sprintf("point %s is not at the sender's site %s", p, a.Site)}
	}
	if owner := g.sources[p]; owner != "" {
		return store.Record{}, &refusal{wire.WrongSender, fmt.Sprintf("point %s comes from source %s, not from a gateway", p, owner)}
	}
	quantity, why := g.check(r, now)
	if why != nil {
		return store.Record{}, why
	}
	return store.Record{Reading: r.Reading, Quantity: quantity, Gateway: a.Gateway, Epoch: epoch, Seq: r.Seq, Reconstructed: r.Reconstructed}, nil
}

// check holds a reading against what is known of its point and of the world,
// whoever sent it.
func (g Registry) check(r wire.Record, now time.Time) (sensors.Quantity, *refusal) {
	p := r.Reading.Point
	quantity, known := g.Points[p]
	switch {
	case !known:
		return "", &refusal{wire.UnknownPoint, fmt.Sprintf("point %s is not in the county's configuration", p)}
	case r.Unit != quantity.Unit():
		return "", &refusal{wire.WrongUnit, fmt.Sprintf("point %s came in %q; want %q for %s", p, r.Unit, quantity.Unit(), quantity)}
	}
	if keep, bounded := g.Keep[p]; bounded && r.Reading.Time.Before(now.Add(-keep)) {
		return "", &refusal{wire.Expired, fmt.Sprintf("measured at %s, before what is kept of %s (retention, %.0f days)", r.Reading.Time.Format(time.RFC3339), p, keep.Hours()/24)}
	}
	if why := checkTime(r.Reading.Time, now); why != nil {
		return "", why
	}
	if v, ok := r.Reading.Value(); ok {
		if lowest, highest := quantity.Range(); v < lowest || v > highest {
			return "", &refusal{wire.OutOfRange, fmt.Sprintf("%s of %g is outside %g to %g %s", quantity, v, lowest, highest, quantity.Unit())}
		}
	}
	return quantity, nil
}

func checkTime(t, now time.Time) *refusal {
	switch {
	case t.After(now.Add(futureTolerance)):
		return &refusal{wire.TimeInFuture, fmt.Sprintf("measured at %s, which has not come yet", t.Format(time.RFC3339))}
	case t.Before(now.Add(-oldest)):
		return &refusal{wire.TimeInPast, fmt.Sprintf("measured at %s, longer ago than any journal keeps", t.Format(time.RFC3339))}
	}
	return nil
}

// quarantine turns a refusal into the row that keeps what was refused.
func quarantine(a wire.Address, topic string, epoch, seq uint64, hasSeq bool, point string, why refusal, payload []byte, at time.Time) state.QuarantineEntry {
	return state.QuarantineEntry{
		At: at, Gateway: a.Gateway, Topic: topic, Epoch: epoch, Seq: seq, HasSeq: hasSeq,
		Point: point, Reason: why.reason, Detail: why.detail, Payload: payload,
	}
}

package edge

import (
	"errors"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// follower takes limits, or does not.
type follower struct {
	version string
	err     error
}

func (f *follower) Follow(l wire.SiteLimits) error {
	if f.err == nil {
		f.version = l.Version
	}
	return f.err
}

func (f *follower) Version() string { return f.version }

// The status says by which of the county's limits the site judges, at once when
// new ones have come; limits that cannot be followed change nothing.
func TestTheStatusSaysWhichLimitsHold(t *testing.T) {
	inBubble(t, func(r *rig) {
		f := &follower{}
		r.options.Follower = f
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Second)
		if s := r.broker.status(t); s.Limits != wire.NoLimits {
			t.Errorf("before the county spoke: %+v", s)
		}
		l := wire.SiteLimits{SilentAfterS: 600, Zones: []wire.ZoneLimits{{Zone: air.Zone(), Quantity: "temperature"}}}
		var err error
		if l.Version, err = wire.VersionOf(l); err != nil {
			t.Fatal(err)
		}
		r.command(wire.Command{Limits: &l})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.Limits != l.Version {
			t.Errorf("status says limits %q, want %q", s.Limits, l.Version)
		}
		f.err = errors.New("they contradict each other")
		l.SilentAfterS = 1200
		if l.Version, err = wire.VersionOf(l); err != nil {
			t.Fatal(err)
		}
		r.command(wire.Command{Limits: &l})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.Limits != f.version || s.Limits == l.Version {
			t.Errorf("status says limits %q after a refusal", s.Limits)
		}
	})
}

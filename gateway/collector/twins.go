package collector

import (
	"time"

	"coldchain/gateway/wire"
)

// twinMemory is how long a box counts as having used a gateway's name.
const twinMemory = time.Hour

// twinFault is what the county adds to the faults of a gateway whose name two
// boxes use.
const twinFault = "gateway name: used by two boxes in turn"

// twins notices that a boot id comes back after another one: boot ids are
// drawn at random at each start, so two boxes run under one name and the
// broker throws each out for the other.
type twins struct {
	boot, before string    // the newest boot id and the one it replaced
	left         time.Time // when before was last heard
	heard        time.Time // when boot was
	until        time.Time // the name is in doubt until then
}

// see takes the boot id of a status and reports whether it has just proved
// that there are two boxes.
func (t *twins) see(boot string, now time.Time) bool {
	if boot == "" {
		return false
	}
	if boot == t.boot {
		t.heard = now
		return false
	}
	back := boot == t.before && now.Sub(t.left) < twinMemory
	t.before, t.left = t.boot, t.heard
	t.boot, t.heard = boot, now
	if back {
		t.until = now.Add(twinMemory)
	}
	return back
}

// notice adds the fault to a status while the name is in doubt, and tells both
// boxes, whichever hears it, to step back.
func (c *Collector) noticeTwins(a wire.Address, s *wire.Status, now time.Time) {
	t := c.twins[a.Gateway]
	if t == nil {
		t = &twins{}
		c.twins[a.Gateway] = t
	}
	if s.Online && t.see(s.Boot, now) {
		c.o.Logger.Error("two boxes connect under one gateway's name; switch one off or give it a name of its own", "gateway", a.Gateway, "boot", t.boot, "other_boot", t.before)
		c.command(a, wire.Command{Duplicate: true})
	}
	if now.Before(t.until) {
		s.Faults = append([]string{twinFault}, s.Faults...)
	}
}

package edge

import (
	"sync/atomic"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// TestTheCountyIsToldOfDiskAndCalibrations: what it cannot know by itself.
func TestTheCountyIsToldOfDiskAndCalibrations(t *testing.T) {
	inBubble(t, func(r *rig) {
		until := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
		var unknown atomic.Bool
		r.options.Disk = func() (uint64, uint64, bool) { return 3 << 30, 8 << 30, !unknown.Load() }
		r.options.Calibrated = func(p sensors.PointID) (time.Time, bool) { return until, p == air }
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.DiskFree != 3<<30 || s.DiskSize != 8<<30 {
			t.Errorf("status tells %d of %d bytes", s.DiskFree, s.DiskSize)
		}
		told := false
		for _, m := range r.broker.take() {
			if m.Topic != here.Topic(wire.ChannelInventory) {
				continue
			}
			inv, err := wire.DecodeInventory(m.Payload)
			if err != nil {
				t.Fatal(err)
			}
			p := inv.Devices[0].Points[0]
			told = p.ID == string(air) && p.CalibratedUntil.Equal(until)
		}
		if !told {
			t.Error("the inventory does not say until when the point is calibrated")
		}
		unknown.Store(true)
		pass(11 * time.Minute)
		if s := r.broker.status(t); s.DiskFree != 0 || s.DiskSize != 0 {
			t.Errorf("a disk that cannot be asked is told as %d of %d bytes", s.DiskFree, s.DiskSize)
		}
	})
}

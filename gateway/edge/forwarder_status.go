package edge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
)

func (f *forwarder) publishStatus(ctx context.Context, p Publisher, now time.Time) {
	f.nextStatus = now.Add(statusEvery)
	if !f.greeted {
		f.nextStatus = now.Add(helloAgain)
	}
	if now.After(f.alone) {
		f.faults.set(nameFault, "")
	}
	status := wire.Status{
		Gateway: f.address.Gateway, Site: f.address.Site, Online: true,
		Session: fmt.Sprintf("%s-%d", f.clock.Boot, f.seen), At: now.UTC().Truncate(time.Millisecond), Boot: f.clock.Boot,
		Version: f.version, Epoch: f.journal.Epoch(), Oldest: f.journal.Oldest(), Next: f.journal.Next(),
		Undelivered: f.journal.Undelivered(), Clock: f.clock.Source(), Greeted: f.greeted, Faults: f.faults.list(),
		Backlog: f.backlog(), SentToday: f.budget.sent, BytesPerDay: f.budget.perDay, Terse: true,
	}
	if f.follower != nil {
		status.Limits, status.Book = cmp.Or(f.follower.Version(), wire.NoLimits), cmp.Or(f.follower.Book(), wire.NoBook)
	}
	f.provisional(&status)
	if f.greeted && noNews(f.told, status) && now.Sub(f.told.At).Abs() < statusCalm {
		return
	}
	f.told = status
	payload, err := wire.EncodeStatus(status)
	if err != nil {
		f.log.Error("encode status", "error", err)
		return
	}
	f.publish(ctx, p, wire.ChannelStatus, payload)
}

// noNews reports whether a status says nothing that somebody waits for. Of a
// site where all is well one a minute would be a third of all its bytes; that
// it lives shows in its records.
func noNews(before, s wire.Status) bool {
	calm := func(s wire.Status) bool { return s.Backlog == 0 && s.Held == 0 && s.Undelivered <= packRecords }
	return calm(before) && calm(s) && s.Session == before.Session && s.Greeted == before.Greeted &&
		s.Epoch == before.Epoch && s.Clock == before.Clock && s.Alarm == before.Alarm && s.Limits == before.Limits && s.Book == before.Book && slices.Equal(s.Faults, before.Faults)
}

func (f *forwarder) publishInventory(ctx context.Context, p Publisher) {
	inv := wire.Inventory{Gateway: f.address.Gateway, Site: f.address.Site, Boot: f.clock.Boot}
	for _, d := range f.devices {
		info := wire.DeviceInfo{Name: d.Name, Bus: d.Bus, Profile: d.Profile}
		for _, pt := range d.Sensor.Points() {
			point := wire.PointInfo{ID: string(pt.ID), Quantity: string(pt.Quantity), Unit: string(pt.Quantity.Unit())}
			if f.calibrated != nil {
				point.CalibratedUntil, _ = f.calibrated(pt.ID)
			}
			info.Points = append(info.Points, point)
		}
		inv.Devices = append(inv.Devices, info)
	}
	payload, err := wire.EncodeInventory(inv)
	if err != nil {
		f.log.Error("encode inventory", "error", err)
		return
	}
	if f.table, err = wire.TableOf(inv); err != nil {
		f.log.Error("name points by number; sending their names", "error", err)
	}
	f.publish(ctx, p, wire.ChannelInventory, payload)
}

func (f *forwarder) publish(ctx context.Context, p Publisher, c wire.Channel, payload []byte) {
	m := mqtt.Message{Topic: f.address.Topic(c), Payload: payload, Retained: true}
	f.budget.spend(wireBytes(m))
	if err := p.Publish(ctx, m); err != nil {
		f.log.Debug("publish", "channel", c, "error", err)
	}
}

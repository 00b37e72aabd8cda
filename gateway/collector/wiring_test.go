package collector

import (
	"testing"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// A gateway's inventory says what hangs where. The line to two probes dies: that
// is one alarm, with both probes behind it; it outlives a restart and ends with
// the first value.
func TestADeadLineIsAnAlarmOfItsOwn(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.c.OnConnect()
		inv, err := wire.EncodeInventory(wire.Inventory{Gateway: here.Gateway, Site: here.Site, Devices: []wire.DeviceInfo{
			{Name: "probe", Bus: "rs485", Points: []wire.PointInfo{{ID: string(air), Quantity: "temperature", Unit: "Cel"}}},
			{Name: "hygro", Bus: "rs485", Points: []wire.PointInfo{{ID: string(humidity), Quantity: "humidity", Unit: "%RH"}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		r.send(here.Topic(wire.ChannelInventory), inv)
		seq := uint64(1)
		poll := func(minutes int, fails bool) {
			for range minutes {
				for _, p := range []sensors.PointID{air, humidity} {
					rec := reading(seq, p, time.Now(), map[sensors.PointID]float64{air: -18, humidity: 85}[p])
					if fails {
						rec.Reading = sensors.NewBad(p, rec.Reading.Time, sensors.Timeout)
					}
					seq++
					r.sendRecords(rec)
				}
				time.Sleep(time.Minute - 4*linger)
			}
		}
		line := func() (bus, others []state.Alarm) {
			for _, a := range r.alarms() {
				if a.Rule == duty.BusFault {
					bus = append(bus, a)
				} else {
					others = append(others, a)
				}
			}
			return bus, others
		}
		poll(3, false)
		poll(12, true)
		bus, others := line()
		if len(bus) != 1 || bus[0].Object != "balagong/rs485" || !bus[0].State.Present() || len(others) != 2 {
			t.Fatalf("lines %+v, others %+v", bus, others)
		}
		r.stop()
		r.start()
		r.c.OnConnect()
		if b, d := r.c.HangsOn(others[0].Alarm); b != "rs485" || d == "" {
			t.Errorf("after a restart a probe hangs on %q, %q", b, d)
		}
		poll(1, true)
		if again, _ := line(); len(again) != 1 || !again[0].State.Present() {
			t.Errorf("after a restart: %+v", again)
		}
		poll(2, false)
		if over, _ := line(); len(over) != 1 || over[0].State.Present() || over[0].ID != bus[0].ID {
			t.Errorf("after the line came back: %+v", over)
		}
	})
}

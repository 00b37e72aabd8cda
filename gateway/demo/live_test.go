package demo

import (
	"context"
	"testing"
	"time"

	bridge "coldchain/firmware-bridge/modbus"
	"coldchain/gateway/config"
	"coldchain/sensors"
	"coldchain/sensors/modbus"
	"coldchain/sensors/sim"
	"coldchain/sensors/sim/slave"
)

// pollLive reads every device of an edge over the network, as its agent would,
// some rounds, and returns the readings by point.
func pollLive(t *testing.T, e *config.Edge, rounds int) map[sensors.PointID][]sensors.Reading {
	t.Helper()
	line := bridge.NewTCPLine(e.Buses[0].ModbusTCP, bridge.Options{})
	defer line.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out := map[sensors.PointID][]sensors.Reading{}
	for range rounds {
		for _, d := range e.Devices {
			profile, err := modbus.LoadProfile(d.Profile)
			if err != nil {
				t.Fatal(err)
			}
			points := map[sensors.PointID]string{}
			var due []sensors.PointID
			for name, channel := range d.Points {
				id := pointID(e.Site, d.Zone, name)
				points[id], due = channel, append(due, id)
			}
			device, err := modbus.New(modbus.Config{Name: d.Name, Slave: d.Slave, Profile: profile, Points: points, Now: time.Now}, line)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range device.Read(ctx, due) {
				out[r.Point] = append(out[r.Point], r)
			}
		}
	}
	return out
}

// All 50 sites are served at once, every point is read over the network, and
// what was read is what the ledger says was answered.
func TestWholeCountyOverTheNetwork(t *testing.T) {
	faults, err := sim.ParseFaults(ExampleFaults())
	if err != nil {
		t.Fatal(err)
	}
	c := build(t, Options{Start: time.Now().Add(-11 * time.Minute), Faults: faults})
	l, err := NewLedger(c)
	if err != nil {
		t.Fatal(err)
	}
	servers, err := slave.ListenAll(c.Sim, slave.Options{Now: time.Now, OnAnswer: l.Answered})
	if err != nil {
		t.Fatal(err)
	}
	defer servers.Close()
	if err := c.UseAddresses(servers.Addresses()); err != nil {
		t.Fatal(err)
	}
	points, good := 0, 0
	for i := range c.Edges {
		for id, readings := range pollLive(t, &c.Edges[i], 3) {
			points++
			o := l.Compare(id, readings, time.Second)
			if o.Served != 3 || o.Stored != 3 || o.Lost+o.Doubled+o.Foreign != 0 {
				t.Errorf("%s: %+v, read %v", id, o, readings)
			}
			if _, ok := readings[0].Value(); ok {
				good++
			} else if id != "xini/dairy-1/air" {
				t.Errorf("%v, want a good reading", readings[0])
			}
		}
	}
	if want := len(c.Config.Points()); points != want || good != want-1 {
		t.Errorf("%d points read, %d good; want %d and %d (one probe is broken)", points, good, want, want-1)
	}
}

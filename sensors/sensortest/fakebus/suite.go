package fakebus

import (
	"testing"
	"testing/synctest"

	"coldchain/sensors"
	"coldchain/sensors/sensortest"
)

// Suite is the conformance suite for a chip's driver: made builds a healthy bus
// and the sensor on it, faults adds to the faults of every bus, and garbled are
// the reasons that the driver may give for a stuck data line. It runs in
// synctest bubbles, so that conversion times cost nothing.
func Suite(made func(t *testing.T) (*Bus, sensors.Sensor), garbled []sensors.Reason, faults func(b *Bus) []sensortest.Fault) sensortest.Suite {
	return sensortest.Suite{
		Around: func(t *testing.T, body func(t *testing.T)) { synctest.Test(t, body) },
		New: func(t *testing.T) sensortest.Rig {
			bus, sensor := made(t)
			all := bus.Faults(garbled...)
			if faults != nil {
				all = append(all, faults(bus)...)
			}
			return sensortest.Rig{
				Sensor: sensor,
				Faults: all,
				Asked:  bus.Asked,
				Heal: func() {
					bus.Heal()
					synctest.Wait() // until a transaction that hung has come back
				},
			}
		},
	}
}

package demo

import (
	"context"
	"sync"
	"testing"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
	"coldchain/sensors/sim/slave"
)

// answersOf asks a site's devices in-process and tells the ledger, as the
// servers do, and returns the drivers' readings a little later.
func answersOf(t *testing.T, c *County, l *Ledger, site string, polls int) map[sensors.PointID][]sensors.Reading {
	t.Helper()
	devices, err := slave.NewDevices(c.Sim, site)
	if err != nil {
		t.Fatal(err)
	}
	told := &telling{Line: slave.NewLine(devices, c.start), ledger: l, site: site}
	drivers, err := c.drivers(site, told.Line)
	if err != nil {
		t.Fatal(err)
	}
	edge, _ := c.edge(site)
	stored := map[sensors.PointID][]sensors.Reading{}
	for i := range polls {
		told.Set(c.start.Add(time.Duration(i) * LiveInterval))
		for k, d := range drivers {
			for _, b := range d.device.Blocks(d.due) {
				data, err := told.Read(context.Background(), edge.Devices[k].Slave, uint8(b.Function), b.Address, b.Quantity)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range b.Readings(data, told.Now().Add(3*time.Millisecond)) {
					stored[r.Point] = append(stored[r.Point], r)
				}
			}
		}
	}
	return stored
}

type telling struct {
	*slave.Line
	ledger *Ledger
	site   string
}

func (l *telling) Read(ctx context.Context, unit, function uint8, address, quantity uint16) ([]byte, error) {
	data, err := l.Line.Read(ctx, unit, function, address, quantity)
	if err == nil {
		l.ledger.Answered(slave.Answer{Site: l.site, Unit: unit, Function: function, Address: address, Quantity: quantity, Data: data, At: l.Now()})
	}
	return data, err
}

func TestLedgerFindsWhatIsMissingAndWhatIsTwice(t *testing.T) {
	c := build(t, Options{})
	l, err := NewLedger(c)
	if err != nil {
		t.Fatal(err)
	}
	stored := answersOf(t, c, l, "balagong", 6)
	const point = "balagong/mutton-1/air"
	all := stored[point]
	prefilled := sensors.NewGood(point, c.start.Add(-time.Minute), -19)
	changed := sensors.NewGood(point, all[2].Time, 40)
	for name, k := range map[string]struct {
		stored []sensors.Reading
		want   Outcome
	}{
		"complete":              {all, Outcome{Served: 6, Stored: 6}},
		"with the past":         {append([]sensors.Reading{prefilled}, all...), Outcome{Served: 6, Stored: 6}},
		"one lost":              {append(append([]sensors.Reading{}, all[:2]...), all[3:]...), Outcome{Served: 6, Stored: 5, Lost: 1}},
		"one twice":             {append(append(append([]sensors.Reading{}, all[:3]...), all[2]), all[3:]...), Outcome{Served: 6, Stored: 6, Doubled: 1}},
		"one changed":           {append(append(append([]sensors.Reading{}, all[:2]...), changed), all[3:]...), Outcome{Served: 6, Stored: 5, Lost: 1, Foreign: 1}},
		"a time-out is no loss": {append(append([]sensors.Reading{}, all...), sensors.NewBad(point, all[5].Time.Add(LiveInterval), sensors.Timeout)), Outcome{Served: 6, Stored: 6}},
		"nothing stored":        {nil, Outcome{Served: 6, Lost: 6}},
	} {
		if got := l.Compare(point, k.stored, time.Second); got != k.want {
			t.Errorf("%s: %+v, want %+v", name, got, k.want)
		}
	}
	for id, readings := range stored {
		if o := l.Compare(id, readings, time.Second); o.Lost+o.Doubled+o.Foreign != 0 || o.Served != 6 {
			t.Errorf("%s: %+v", id, o)
		}
	}
	if answered, dropped := l.Total(); answered != 6*len(stored) || dropped != 0 {
		t.Errorf("%d answered, %d dropped; want %d and 0", answered, dropped, 6*len(stored))
	}
}

// Many connections tell at once; the ledger stays bounded and says what it no
// longer holds.
func TestLedgerIsBounded(t *testing.T) {
	c := build(t, Options{})
	l, err := NewLedger(c)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				l.Answered(slave.Answer{Site: "village-02", Unit: 1, Function: uint8(modbus.Discrete), Address: 0, Quantity: 1, Data: []byte{1}, At: c.start.Add(time.Duration(i) * time.Second)})
			}
		})
	}
	all.Wait()
	l.Answered(slave.Answer{Site: "nowhere", Unit: 1})
	answered, dropped := l.Total()
	if held := len(l.Given("village-02/site/mains")); answered != 2000 || held != ledgerKeeps || dropped != 2000-ledgerKeeps {
		t.Errorf("%d answered, %d held, %d dropped", answered, held, dropped)
	}
}

package page

import (
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

func TestAZoneIsAsBadAsItsWorstPoint(t *testing.T) {
	air := func(v float64) Point {
		return measured("s/z/air", sensors.Temperature, time.Second, v).limited(number(0), number(8))
	}
	second := measured("s/z/air-2", sensors.Temperature, time.Second, 4).limited(number(0), number(8))
	for _, tt := range []struct {
		name   string
		points []Point
		want   state
	}{
		{"inside", []Point{air(4)}, normal},
		{"on the limit is inside", []Point{air(8)}, normal},
		{"above", []Point{air(8.01)}, act},
		{"below: frozen vegetables are as lost as warm ones", []Point{air(-0.1)}, act},
		{"one of two outside", []Point{second, air(9)}, act},
		{"doubtful", []Point{air(4).doubted(sensors.FlatLine)}, attention},
		{"doubtful and outside", []Point{air(9).doubted(sensors.FlatLine)}, act},
		{"failed", []Point{air(4).failed(time.Second, sensors.Timeout)}, noData},
		{"one of two failed", []Point{second, air(4).failed(time.Second, sensors.Timeout)}, attention},
		{"outside when the data stopped", []Point{air(9).failed(time.Second, sensors.Timeout)}, act},
		{"outside when the agent last heard of it", []Point{measured("s/z/air", sensors.Temperature, time.Hour, 9).limited(nil, number(8))}, act},
		{"old", []Point{measured("s/z/air", sensors.Temperature, time.Hour, 4)}, noData},
		{"never read", []Point{{ID: "s/z/air", Quantity: sensors.Temperature, Interval: time.Minute}}, noData},
		{"door open", []Point{air(4), measured("s/z/door", sensors.Door, 0, 1)}, normal},
		{"door not read", []Point{air(4), measured("s/z/door", sensors.Door, 0, 1).failed(0, sensors.Timeout)}, attention},
		{"mains lost", []Point{air(4), measured("s/z/mains-l2", sensors.Mains, 0, 0)}, act},
		{"mains lost, then the module died with them", []Point{air(4), measured("s/z/mains", sensors.Mains, time.Minute, 0).failed(0, sensors.Unreachable)}, act},
		{"battery to be checked", []Point{air(4), measured("s/z/battery", sensors.BatteryOK, 0, 0)}, attention},
		{"only contacts, all silent", []Point{measured("s/z/mains", sensors.Mains, time.Hour, 1)}, noData},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zones := zonesOf(Snapshot{Now: morning, Points: tt.points})
			if len(zones) != 1 || zones[0].state != tt.want {
				t.Errorf("%+v; want %s", zones, tt.want.name())
			}
		})
	}
}

func TestTheWorstIsFirst(t *testing.T) {
	var ids []string
	for _, z := range zonesOf(store()) {
		ids = append(ids, z.id+" "+z.state.name())
	}
	want := "balagong/mutton act, balagong/potato attention, balagong/beef nodata, balagong/dairy nodata, balagong/new nodata, balagong/veg ok"
	if got := strings.Join(ids, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if m := zonesOf(store())[0].main(); m.ID != "balagong/mutton/air" {
		t.Errorf("%s is in huge digits; want the probe that is outside", m.ID)
	}
}

func TestNumbers(t *testing.T) {
	outside := func(v, high float64) string {
		s := judge(measured("s/z/air", sensors.Temperature, 0, v).limited(nil, &high), morning)
		return s.number(v)
	}
	for got, want := range map[string]string{
		fixed(-18.25, 1): "−18.2", fixed(-0.04, 1): "0.0", fixed(0.04, 1): "0.0", fixed(-0.05, 1): "−0.1", fixed(88.4, 0): "88",
		short(-18): "−18", short(0.1 + 0.2): "0.3", short(65535): "65535", short(-0.00001): "0",
		outside(-17.96, -18): "−17.96", outside(-17.5, -18): "−17.5", outside(-18.04, -18): "−18.0",
		zh.span(59 * time.Second): "59 秒", en.span(61 * time.Second): "1 min 01 s", zh.span(-time.Second): "0 秒",
		en.span(11*time.Minute + 9*time.Second): "11 min", zh.span(25*time.Hour + 59*time.Minute): "1 天 1 小时",
		latency(3200 * time.Microsecond): "3.2 ms", latency(time.Second): "1000 ms", latency(0): "–",
		unit(sensors.Temperature): "°C", unit(sensors.BatteryVoltage): "V", unit(sensors.Door): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

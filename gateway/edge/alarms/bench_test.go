package alarms

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// bigSite has 32 points in eight rooms, watched for everything.
func bigSite(b *testing.B, watched bool) (*Judge, []wire.Record) {
	b.Helper()
	chilled, _, _ := alerting.DefaultLimits("chilled")
	o := Options{Site: "balagong", SilentAfter: 10 * time.Minute, Logger: slog.New(slog.DiscardHandler)}
	book := wire.SiteBook{Version: "x"}
	for room := range 8 {
		zone := fmt.Sprintf("balagong/room-%d", room)
		o.Zones = append(o.Zones, alerting.Zone{ID: zone, Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: chilled}})
		for name, q := range map[string]sensors.Quantity{"air": sensors.Temperature, "humidity": sensors.Humidity, "door": sensors.Door, "compressor": sensors.Compressor} {
			o.Points = append(o.Points, Point{Point: sensors.Point{ID: sensors.PointID(zone + "/" + name), Quantity: q}, Bus: "rs485", Device: "probe", Period: time.Second})
		}
		z := chillingBook(wire.BookStay{Batch: "HJQ-1", FromMS: morning.UnixMilli()}).Zones[0]
		z.Zone = zone
		book.Zones = append(book.Zones, z)
	}
	j, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	if watched {
		if err := j.Heed(book); err != nil {
			b.Fatal(err)
		}
	}
	var records []wire.Record
	for _, p := range o.Points {
		v := map[sensors.Quantity]float64{sensors.Temperature: 3, sensors.Humidity: 85, sensors.Compressor: 1}[p.Quantity]
		records = append(records, wire.Record{Kind: wire.ReadingRecord, Boot: "b", Clock: wire.ClockNTP, Reading: sensors.NewGood(p.ID, morning, v)})
	}
	return j, records
}

// BenchmarkASecondOfABigSite is what 32 points read once a second cost: an
// operation of 5 ms would be 0.5 % of a core.
func BenchmarkASecondOfABigSite(b *testing.B) {
	for name, watched := range map[string]bool{"lines alone": false, "watched too": true} {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			j, records := bigSite(b, watched)
			mono, wall := time.Minute, morning
			b.ReportAllocs()
			for b.Loop() {
				mono, wall = mono+time.Second, wall.Add(time.Second)
				for i := range records {
					v, _ := records[i].Reading.Value()
					records[i].Mono, records[i].Reading = mono, sensors.NewGood(records[i].Reading.Point, wall, v)
				}
				j.Observe(records)
				j.Advance(wire.Record{Kind: wire.EventRecord, Boot: "b", Clock: wire.ClockNTP, Mono: mono, Event: wire.Event{At: wall}})
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapInuse)-float64(before.HeapInuse), "B-of-heap")
			runtime.KeepAlive(j)
		})
	}
}

package wire

import (
	"fmt"
	"testing"
	"time"

	"coldchain/sensors"
)

func TestSmoke(t *testing.T) {
	p := livePack(60)
	for _, enc := range []Encoding{CBOR, CBORZstd, JSON} {
		b, err := EncodePack(p, enc)
		if err != nil {
			t.Fatal(err)
		}
		q, rej, err := DecodePack(b, DefaultLimits())
		fmt.Println(enc, len(b), len(q.Records), len(rej), err)
		if len(rej) > 0 {
			fmt.Println(rej[0])
		}
	}
}

func livePack(n int) Pack {
	at := time.Date(2026, 1, 5, 3, 0, 0, 123e6, time.UTC)
	p := Pack{Epoch: 3, Oldest: 1000, Next: uint64(1000 + n)}
	for i := range n {
		zone := []string{"mutton-1", "milk-1", "veg-1", "potato-1"}[i/8%4]
		r := Record{Seq: uint64(1000 + i), Boot: "6f1c2f04-93b1-4f5e-a1d8-1f0d8c0f7a11", Clock: ClockNTP,
			Mono: time.Hour + time.Duration(i)*7*time.Millisecond, Unit: sensors.Celsius}
		id := sensors.PointID(fmt.Sprintf("balagong/%s/air-%d", zone, i%8))
		r.Reading = sensors.NewGood(id, at.Add(time.Duration(i)*7*time.Millisecond), -18.5+float64(i)/10)
		if i%8 == 7 {
			r.Unit = sensors.PercentRH
		}
		p.Records = append(p.Records, r)
	}
	return p
}

func BenchmarkDecodePack(b *testing.B) {
	for _, enc := range []Encoding{CBOR, CBORZstd, JSON} {
		payload, _ := EncodePack(livePack(60), enc)
		b.Run(fmt.Sprint("fresh", enc), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				DecodePack(payload, DefaultLimits())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/60, "ns/record")
		})
		d := NewDecoder(DefaultLimits())
		b.Run(fmt.Sprint("reused", enc), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(payload)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/60, "ns/record")
		})
	}
}

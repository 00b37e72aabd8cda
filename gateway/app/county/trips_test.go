package county

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// backlog has the truck's gateway deliver a trip of the past at once: it stands
// at the centre until left, drives north for 40 minutes, stands there with its
// door open for ten, and is back 40 minutes later.
func (r *useRig) backlog(t *testing.T, left time.Time) {
	t.Helper()
	var records []wire.Record
	add := func(at time.Time, point sensors.PointID, unit sensors.Unit, v float64) {
		r.seq["truck-1"]++
		records = append(records, wire.Record{Seq: r.seq["truck-1"], Boot: "b", Clock: wire.ClockNTP, Unit: unit, Reading: sensors.NewGood(point, at, v)})
	}
	for m := -30; m < 120; m++ {
		at, north, open := left.Add(time.Duration(m)*time.Minute), 39.83, 0.0
		switch {
		case m >= 0 && m < 40:
			north += 0.36 * float64(m) / 40
		case m >= 40 && m < 60:
			north += 0.36
			if m >= 45 && m < 55 {
				open = 1
			}
		case m >= 60 && m < 100:
			north += 0.36 * float64(100-m) / 40
		}
		add(at, "truck-1/vehicle/lat", sensors.LatDegree, math.Round(north*1e6)/1e6)
		add(at, "truck-1/vehicle/lon", sensors.LonDegree, 108.73)
		add(at, "truck-1/box/door", sensors.Ratio, open)
		add(at, "truck-1/box/air", sensors.Celsius, -18)
	}
	payload, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: 1, Next: r.seq["truck-1"] + 1, Records: records}, wire.CBOR)
	if err != nil {
		t.Fatal(err)
	}
	last := records[len(records)-1].Reading
	r.await("the backlog is judged", func() bool {
		if err := r.link.Publish(t.Context(), mqtt.Message{Topic: wire.Address{County: "hangjin", Site: "truck-1", Gateway: "truck-1-gw"}.Topic(wire.ChannelRecords), Payload: payload}); err != nil {
			return false
		}
		seen, ok := r.app.collector.Latest(last.Point)
		return ok && !seen.Reading.Time.Before(last.Time)
	})
}

// read asks for something and returns the status and, if it is JSON, what was
// answered.
func (r *useRig) read(path string, into any) (int, string) {
	r.t.Helper()
	status, _, text := r.ask("GET", path, useToken, "")
	if into != nil && status == http.StatusOK {
		if err := json.Unmarshal(text, into); err != nil {
			r.t.Fatalf("%s: %v", path, err)
		}
	}
	return status, string(text)
}

// A truck's way becomes a trip with its goods, by a real broker and store, in a
// county that is started again; its report says the same.
func TestTripsOfACounty(t *testing.T) {
	r := newUseRig(t)
	left := time.Now().UTC().Add(-4 * time.Hour).Truncate(time.Second)
	r.backlog(t, left)
	if status, _ := r.send("POST", "/api/v1/batches", map[string]any{"id": "B1", "product": "羊肉", "profile": "mutton-frozen", "quantity": "240 kg", "zone": "centre/mutton", "at": left.Add(-2 * time.Hour), "override": "早就在库", "actor": "其其格"}); status != http.StatusCreated {
		t.Fatal(status)
	}
	r.must("/api/v1/batches/B1/moves", map[string]any{"zone": "truck-1/box", "at": left.Add(-10 * time.Minute), "override": "测试"})
	r.must("/api/v1/batches/B1/moves", map[string]any{"place": "演示村 代销点", "at": left.Add(50 * time.Minute)})
	r.stop()
	r.start(t) // the first thing a keeper does is to look at everything

	var list struct {
		Trips []struct {
			ID, Truck string
			From, To  time.Time
			Stops     []struct{ Place string }
			Batches   []string
			DistanceM *float64 `json:"distance_m"`
		}
		Truncated bool
	}
	r.await("the trip is there", func() bool {
		status, _ := r.read("/api/v1/trips?truck=truck-1&open=false", &list)
		return status == http.StatusOK && len(list.Trips) == 1
	})
	x := list.Trips[0]
	if !x.From.Equal(left.Add(-10*time.Minute)) || !x.To.Equal(left.Add(100*time.Minute)) || len(x.Stops) != 3 || x.Stops[0].Place != "centre" || x.Stops[1].Place != "" || len(x.Batches) != 1 || x.DistanceM == nil || math.Abs(*x.DistanceM-80_000) > 3000 {
		t.Errorf("left %s: %+v", left, x)
	}
	var one struct {
		Air struct {
			Summary struct {
				MKTC     *float64 `json:"mkt_c"`
				Coverage float64
			}
		}
		Goods []struct {
			Batch, Product string
			Loaded         struct{ Zone string }
			Unloaded       struct {
				Place string
				Stop  *int
			}
			Stay struct{ Summary struct{ Coverage float64 } }
		}
		Phases []struct{ Phase string }
	}
	if status, _ := r.read("/api/v1/trips/"+x.ID, &one); status != http.StatusOK {
		t.Fatal(status)
	}
	if s := one.Air.Summary; s.Coverage < 0.99 || s.MKTC != nil {
		t.Errorf("%+v", s)
	}
	if len(one.Goods) != 1 || one.Goods[0].Product != "羊肉" || one.Goods[0].Loaded.Zone != "centre/mutton" || one.Goods[0].Unloaded.Place != "演示村 代销点" || one.Goods[0].Unloaded.Stop == nil || *one.Goods[0].Unloaded.Stop != 1 || one.Goods[0].Stay.Summary.Coverage < 0.99 {
		t.Errorf("%+v", one.Goods)
	}
	if got := fmt.Sprint(one.Phases); got != "[{loading} {in-transit} {unloading} {idle} {returning}]" {
		t.Errorf("phases %s", got)
	}
	for path, want := range map[string]string{"/api/v1/reports/trip?trip=" + x.ID: "冷链行程报告", "/api/v1/reports/load?trip=" + x.ID + "&lang=en": "Shipment report of a truck load", "/api/v1/trips?batch=B1": x.ID} {
		if _, page := r.read(path, nil); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if status, _ := r.read("/api/v1/trips/truck-1-20200101T000000Z", nil); status != http.StatusNotFound {
		t.Errorf("a trip that is none: %d", status)
	}
}

package wire

import (
	"testing"
	"time"

	"coldchain/sensors"
)

func TestAReconstructedTimeSaysSoOnTheWay(t *testing.T) {
	at := time.UnixMilli(1_795_000_000_000).UTC()
	var p Pack
	for i, want := range []struct {
		clock  ClockSource
		placed bool
	}{{ClockNTP, true}, {ClockNTP, true}, {ClockNTP, false}, {ClockNone, true}, {ClockGNSS, false}, {ClockGNSS, true}} {
		p.Records = append(p.Records, Record{Seq: uint64(i + 1), Boot: "b", Clock: want.clock, Reconstructed: want.placed, Unit: sensors.Celsius,
			Reading: sensors.NewGood("a/b/c", at.Add(time.Duration(i)*time.Second), -18.5)})
	}
	p.Epoch, p.Oldest, p.Next = 1, 1, 7
	for _, enc := range []Encoding{CBOR, JSON, CBORZstd} {
		b, err := EncodePack(p, enc)
		if err != nil {
			t.Fatal(err)
		}
		got, rejected, err := DecodePack(b, DefaultLimits())
		if err != nil || len(rejected) > 0 || len(got.Records) != len(p.Records) {
			t.Fatalf("%v %v", err, rejected)
		}
		for i, r := range got.Records {
			if r.Clock != p.Records[i].Clock || r.Reconstructed != p.Records[i].Reconstructed {
				t.Errorf("encoding %v, record %d: %s reconstructed=%v; want %s %v", enc, i, r.Clock, r.Reconstructed, p.Records[i].Clock, p.Records[i].Reconstructed)
			}
		}
	}
}

func TestProvisionalValuesTravelInTheStatus(t *testing.T) {
	v := -18.5
	s := Status{Gateway: "g", Site: "s", Online: true, Clock: ClockNone, Held: 7, Alarm: true, Provisional: []Provisional{
		{Point: "s/z/air", Value: &v, Quality: "good", AgeMS: 1500, Outside: true}, {Point: "s/z/core", Quality: "bad", Reason: "timeout", AgeMS: 9}}}
	b, err := EncodeStatus(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeStatus(b)
	if err != nil || got.Held != 7 || !got.Alarm || len(got.Provisional) != 2 || *got.Provisional[0].Value != v || got.Provisional[1].Value != nil {
		t.Fatalf("%v %+v", err, got)
	}
	for _, bad := range []Provisional{{Point: "no name", Quality: "good", Value: &v}, {Point: "s/z/air", Quality: "good"}, {Point: "s/z/air", Quality: "bad", Value: &v}, {Point: "s/z/air", Quality: "best", Value: &v}, {Point: "s/z/air", Quality: "bad", AgeMS: -1}} {
		s.Provisional = []Provisional{bad}
		if _, err := EncodeStatus(s); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

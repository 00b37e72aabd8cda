package wire

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"coldchain/sensors"
)

var update = flag.Bool("update", false, "write the golden files anew")

var morning = time.Date(2026, 1, 5, 3, 0, 0, 123e6, time.UTC)

const boot = "6f1c2f04-93b1-4f5e-a1d8-1f0d8c0f7a11"

// livePack is what an edge sends of one poll: n readings of a store's rooms.
func livePack(n int) Pack {
	p := Pack{Epoch: 3, Oldest: 1000, Next: uint64(1000 + n)}
	for i := range n {
		late := time.Duration(i) * 7 * time.Millisecond
		zone := []string{"mutton-1", "milk-1", "veg-1", "potato-1"}[i/8%4]
		r := Record{Seq: uint64(1000 + i), Boot: boot, Clock: ClockNTP, Mono: time.Hour + late, Unit: sensors.Celsius,
			Reading: sensors.NewGood(sensors.PointID(fmt.Sprintf("balagong/%s/air-%d", zone, i%8)), morning.Add(late), -18.5+float64(i)/10)}
		if i%8 == 7 {
			r.Unit = sensors.PercentRH
		}
		p.Records = append(p.Records, r)
	}
	return p
}

// mixedPack holds one of everything: each quality, kind, clock and boot.
func mixedPack() Pack {
	at := func(ms int) time.Time { return morning.Add(time.Duration(ms) * time.Millisecond) }
	air, rh := sensors.PointID("balagong/mutton-1/air"), sensors.PointID("balagong/mutton-1/rh")
	return Pack{Epoch: 2, Oldest: 70, Next: 100, Records: []Record{
		{Seq: 70, Boot: boot, Clock: ClockNTP, Mono: 61 * time.Second, Unit: sensors.Celsius, Reading: sensors.NewGood(air, at(0), -18.5)},
		{Seq: 71, Boot: boot, Clock: ClockNTP, Mono: 61_007 * time.Millisecond, Unit: sensors.PercentRH, Reading: sensors.NewGood(rh, at(7), 87).WithRaw(86.2)},
		{Seq: 72, Boot: boot, Clock: ClockNTP, Mono: 121 * time.Second, Unit: sensors.Celsius, Reading: sensors.NewBad(air, at(60_000), sensors.Timeout)},
		{Seq: 73, Boot: boot, Clock: ClockNTP, Mono: 121 * time.Second, Unit: sensors.PercentRH, Reading: sensors.NewBad(rh, at(60_000), sensors.SensorFault).WithRaw(32767)},
		{Seq: 74, Boot: boot, Clock: ClockRTC, Mono: 181_001 * time.Millisecond, Unit: sensors.Celsius, Reading: sensors.NewUncertain(air, at(120_000), 4, sensors.FlatLine)},
		{Seq: 80, Boot: "second-boot", Clock: ClockRTC, Mono: 5 * time.Second, Kind: GapRecord, Gap: Gap{Scope: "gw-balagong", From: at(120_000), To: at(600_000), Cause: "restart", Count: 16}},
		{Seq: 81, Boot: "second-boot", Clock: ClockNTP, Mono: 6 * time.Second, Kind: EventRecord, Event: Event{At: at(601_000), Name: "clock-step", Object: "gw-balagong", Detail: map[string]string{"by": "-2.5 s", "原因": "对时"}}},
		{Seq: 75, Boot: "second-boot", Clock: ClockNTP, Mono: 66 * time.Second, Unit: sensors.Ratio, Reading: sensors.NewGood("balagong/plant/mains", at(661_000), 1)},
	}}
}

// backlogPack is sorted by point, as edges send what waited for a network.
func backlogPack() Pack {
	p := Pack{Epoch: 1, Oldest: 500, Next: 9000}
	for k := range 3 {
		for i := range 6 {
			at := morning.Add(time.Duration(i) * time.Minute)
			p.Records = append(p.Records, Record{Seq: uint64(500 + 3*i + k), Boot: boot, Clock: ClockGNSS, Mono: time.Duration(i) * time.Minute,
				Unit: sensors.Celsius, Reading: sensors.NewGood(sensors.PointID(fmt.Sprintf("truck-1/box/t%d", k)), at, float64(i+k)/100)})
		}
	}
	return p
}

func mustEncode(t testing.TB, p Pack, enc Encoding) []byte {
	t.Helper()
	b, err := EncodePack(p, enc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameRecords wants got to be want: every field, every bit of every value.
func samePack(t *testing.T, got, want Pack) {
	t.Helper()
	if got.Epoch != want.Epoch || got.Oldest != want.Oldest || got.Next != want.Next || len(got.Records) != len(want.Records) {
		t.Fatalf("got  epoch %d, %d to %d, %d records\nwant epoch %d, %d to %d, %d records",
			got.Epoch, got.Oldest, got.Next, len(got.Records), want.Epoch, want.Oldest, want.Next, len(want.Records))
	}
	for i := range want.Records {
		g, w := got.Records[i], want.Records[i]
		gv, _ := g.Reading.Value()
		wv, _ := w.Reading.Value()
		if !reflect.DeepEqual(g, w) || math.Float64bits(gv) != math.Float64bits(wv) {
			t.Fatalf("record %d\ngot  %+v\nwant %+v", i, g, w)
		}
	}
}

func TestGolden(t *testing.T) {
	for name, p := range map[string]Pack{"live": livePack(10), "mixed": mixedPack(), "backlog": backlogPack()} {
		t.Run(name, func(t *testing.T) {
			bin := mustEncode(t, p, CBOR)
			diag, err := cbor.Diagnose(bin)
			if err != nil {
				t.Fatalf("a second decoder refuses it: %v", err)
			}
			golden(t, name+".cbor.hex", hex.Dump(bin))
			golden(t, name+".diag", strings.ReplaceAll(diag, "}, {", "},\n {")+"\n")
			golden(t, name+".json", string(mustEncode(t, p, JSON)))
			for _, enc := range []Encoding{CBOR, CBORZstd, JSON} {
				got, rejected, err := DecodePack(mustEncode(t, p, enc), DefaultLimits())
				if err != nil || len(rejected) > 0 {
					t.Fatalf("encoding %d: %v %v", enc, rejected, err)
				}
				samePack(t, got, p)
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed (go test -update, if that is meant):\ngot\n%s\nwant\n%s", path, got, want)
	}
}

// TestASecondDecoderReadsTheSame gives our CBOR to a decoder that knows nothing
// of us and resolves it by RFC 8428 section 4.6's rules alone.
func TestASecondDecoderReadsTheSame(t *testing.T) {
	type rfcRecord struct {
		BaseName string   `cbor:"-2,keyasint"`
		BaseTime cbor.Tag `cbor:"-3,keyasint"`
		BaseUnit string   `cbor:"-4,keyasint"`
		Name     string   `cbor:"0,keyasint"`
		Unit     string   `cbor:"1,keyasint"`
		Value    any      `cbor:"2,keyasint"`
		Text     *string  `cbor:"3,keyasint"`
		Time     any      `cbor:"6,keyasint"`
		Quality  string   `cbor:"q"`
	}
	for _, p := range []Pack{livePack(60), mixedPack(), backlogPack()} {
		var records []rfcRecord
		if err := cbor.Unmarshal(mustEncode(t, p, CBOR), &records); err != nil {
			t.Fatal(err)
		}
		if len(records) != len(p.Records) {
			t.Fatalf("%d records, want %d", len(records), len(p.Records))
		}
		name, unit := "", ""
		baseTime := fraction(t, records[0].BaseTime)
		for i, r := range records {
			if r.BaseName != "" {
				name = r.BaseName
			}
			if r.BaseUnit != "" {
				unit = r.BaseUnit
			}
			want := p.Records[i]
			if got := name + r.Name; got != want.name() {
				t.Errorf("record %d: name %q, want %q", i, got, want.name())
			}
			if got := math.Round((baseTime + fraction(t, r.Time)) * 1000); got != float64(want.Time().UnixMilli()) {
				t.Errorf("record %d: %v ms, want %d", i, got, want.Time().UnixMilli())
			}
			v, ok := want.Reading.Value()
			if want.Kind != ReadingRecord || !ok {
				if r.Value != nil || r.Text == nil {
					t.Errorf("record %d: %v could be read as a number", i, r)
				}
				continue
			}
			if got := fraction(t, r.Value); got != v || r.Text != nil {
				t.Errorf("record %d: value %v, want %v", i, got, v)
			}
			if u := max(r.Unit, ""); u != string(want.Unit) && (u != "" || unit != string(want.Unit)) {
				t.Errorf("record %d: unit %q under %q, want %q", i, r.Unit, unit, want.Unit)
			}
		}
	}
}

// fraction is what the second decoder makes of an integer or a tag 4.
func fraction(t *testing.T, v any) float64 {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return 0
	case uint64:
		return float64(v)
	case int64:
		return float64(v)
	case float64:
		return v
	case cbor.Tag:
		pair, ok := v.Content.([]any)
		if v.Number == 0 && v.Content == nil {
			return 0
		}
		if v.Number != 4 || !ok || len(pair) != 2 {
			t.Fatalf("tag %v", v)
		}
		return fraction(t, pair[1]) / math.Pow(10, -fraction(t, pair[0]))
	}
	t.Fatalf("%T", v)
	return 0
}

// TestRoundTrip encodes packs nobody thought of and wants them back unchanged.
func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8428, 8949))
	var e Encoder
	d := NewDecoder(DefaultLimits())
	defer d.Close()
	for range 400 {
		p := randomPack(rnd)
		for _, enc := range []Encoding{CBOR, CBORZstd, JSON} {
			b, err := e.Encode(p, enc)
			if err != nil {
				t.Fatal(err)
			}
			got, rejected, err := d.Decode(b)
			if err != nil || len(rejected) > 0 {
				t.Fatalf("encoding %d: %+v %v\n%s", enc, rejected, err, b)
			}
			samePack(t, got, p)
		}
	}
}

func randomPack(rnd *rand.Rand) Pack {
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	p := Pack{Epoch: 1 + rnd.Uint64N(1<<40)}
	base := rnd.Uint64N(1 << 50)
	order := rnd.Perm(1 + rnd.IntN(40))
	if rnd.IntN(2) == 0 {
		for i := range order {
			order[i] = i
		}
	}
	for _, i := range order {
		at := time.UnixMilli(1<<28*1000 + 4e6 + rnd.Int64N(8e12)).UTC()
		r := Record{Seq: base + uint64(i), Boot: pick("", "a", boot), Clock: ClockSource(pick("", "ntp", "none")), Mono: time.Duration(rnd.Int64N(1e9)) * time.Millisecond}
		point := sensors.PointID(pick("a/b/c", "a/b/d", "a/c/c", "b/b/c"))
		switch rnd.IntN(6) {
		case 0:
			r.Kind = GapRecord
			r.Gap = Gap{Scope: pick("gw", "a/b/c"), To: at, From: at.Add(-time.Duration(rnd.Int64N(4e6)) * time.Millisecond), Cause: pick("restart", ""), Count: rnd.Uint64N(3)}
		case 1:
			r.Kind = EventRecord
			r.Event = Event{At: at, Name: "door", Object: pick("gw", "x/y"), Detail: map[string]string{"门": pick("", "开")}}
		case 2:
			r.Unit = sensors.Unit(pick("", "Cel", "%RH"))
			r.Reading = sensors.NewBad(point, at, sensors.Reason(pick("", "timeout")))
		case 3:
			r.Unit = sensors.Celsius
			r.Reading = sensors.NewUncertain(point, at, randomFloat(rnd), sensors.Reason(pick("", "flat-line"))).WithRaw(randomFloat(rnd))
		default:
			r.Unit = sensors.Unit(pick("Cel", "Cel", "K"))
			r.Reading = sensors.NewGood(point, at, randomFloat(rnd))
		}
		p.Records = append(p.Records, r)
		p.Next = max(p.Next, r.Seq+1)
	}
	p.Oldest = rnd.Uint64N(p.Next + 1)
	return p
}

func randomFloat(rnd *rand.Rand) float64 {
	for {
		v := math.Float64frombits(rnd.Uint64())
		switch rnd.IntN(6) {
		case 0:
			v = float64(rnd.IntN(4000)-2000) / 10
		case 1:
			v = float64(rnd.IntN(4_000_000)-2_000_000) / 1000
		case 2:
			v = math.Copysign(0, -1)
		case 3:
			v = float64(rnd.Int64() - 1<<62)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	record := livePack(1).Records[0]
	big := Pack{Epoch: 1, Oldest: 1, Next: 1 << 20}
	for i := range 5001 {
		r := record
		r.Seq = uint64(i)
		big.Records = append(big.Records, r)
	}
	fat := Pack{Epoch: 1, Oldest: 1, Next: 10, Records: []Record{{Seq: 1, Kind: EventRecord, Event: Event{At: morning, Name: "e", Object: "gw", Detail: map[string]string{"x": strings.Repeat("y", 300<<10)}}}}}
	for _, c := range []struct {
		name     string
		p        Pack
		tooLarge bool
	}{
		{"no records", Pack{Epoch: 1, Oldest: 1, Next: 1}, false},
		{"no epoch", Pack{Oldest: 1, Next: 2000, Records: []Record{record}}, false},
		{"oldest above next", Pack{Epoch: 1, Oldest: 9000, Next: 2000, Records: []Record{record}}, false},
		{"a sequence from the future", Pack{Epoch: 1, Oldest: 1, Next: 1000, Records: []Record{record}}, false},
		{"too many records", big, true},
		{"too many bytes", fat, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := EncodePack(c.p, CBOR)
			if err == nil || errors.Is(err, ErrTooLarge) != c.tooLarge {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestALongBacklogFits wants 30 hours of a truck's backlog in one message.
func TestALongBacklogFits(t *testing.T) {
	p := Pack{Epoch: 1, Next: 5000}
	for i := range 5000 {
		p.Records = append(p.Records, Record{Seq: uint64(i), Boot: boot, Clock: ClockGNSS, Mono: time.Duration(i) * time.Minute, Unit: sensors.Celsius,
			Reading: sensors.NewGood("truck-1/box/air", morning.Add(time.Duration(i)*time.Minute), float64(i%300)/10)})
	}
	plain, small := mustEncode(t, p, CBOR), mustEncode(t, p, CBORZstd)
	t.Logf("%.1f bytes a record, %.1f compressed", float64(len(plain))/5000, float64(len(small))/5000)
	got, rejected, err := DecodePack(small, DefaultLimits())
	if err != nil || len(rejected) > 0 {
		t.Fatal(rejected, err)
	}
	samePack(t, got, p)
}

func BenchmarkDecodePack(b *testing.B) {
	for name, enc := range map[string]Encoding{"cbor": CBOR, "zstd": CBORZstd, "json": JSON} {
		payload := mustEncode(b, livePack(60), enc)
		d := NewDecoder(DefaultLimits())
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := d.Decode(payload); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/60, "ns/record")
			b.ReportMetric(float64(len(payload))/60, "B/record")
		})
		d.Close()
	}
}

func BenchmarkEncodePack(b *testing.B) {
	p := livePack(60)
	for name, enc := range map[string]Encoding{"cbor": CBOR, "zstd": CBORZstd, "json": JSON} {
		b.Run(name, func(b *testing.B) {
			var e Encoder
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Encode(p, enc); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/60, "ns/record")
		})
	}
}

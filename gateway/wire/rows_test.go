package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

var updateRows = flag.Bool("update-rows", false, "write testdata/live.rows.hex anew")

// rowsInventory is a small site: five rooms with air and humidity.
func rowsInventory() Inventory {
	inv := Inventory{Gateway: "gw-balagong", Site: "balagong", Boot: "0123456789abcdef"}
	for i := range 5 {
		room := fmt.Sprintf("balagong/mutton-%d/", i+1)
		inv.Devices = append(inv.Devices, DeviceInfo{Name: fmt.Sprintf("probe-%d", i+1), Bus: "line", Profile: "xy-md02", Points: []PointInfo{
			{ID: room + "air", Quantity: "temperature", Unit: "Cel"}, {ID: room + "humidity", Quantity: "humidity", Unit: "%RH"},
		}})
	}
	return inv
}

func rowsTable(t testing.TB) *Table {
	t.Helper()
	table, err := TableOf(rowsInventory())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// rowsPack is one round of them: two readings a device, devices apart.
func rowsPack() Pack {
	p := Pack{Epoch: 1, Oldest: 1_000_000, Next: 1_000_010}
	for i := range 10 {
		at := morning.Add(time.Duration(i/2) * 37 * time.Millisecond)
		unit, v := sensors.Celsius, -18.5+float64(i)/10
		if i%2 == 1 {
			unit, v = sensors.PercentRH, 81.4
		}
		id := sensors.PointID(rowsInventory().Devices[i/2].Points[i%2].ID)
		p.Records = append(p.Records, Record{Seq: 1_000_000 + uint64(i), Boot: "0123456789abcdef", Clock: ClockNTP,
			Mono: time.Hour + at.Sub(morning), Unit: unit, Reading: sensors.NewGood(id, at, v)})
	}
	return p
}

// hardPack has in it everything that rows have a way to say.
func hardPack() Pack {
	p := rowsPack()
	r := p.Records
	r[0].Reading = sensors.NewBad(r[0].Reading.Point, r[0].Time(), sensors.Timeout)
	r[1].Reading = sensors.NewUncertain(r[1].Reading.Point, r[1].Time(), 100, "saturated").WithRaw(1000.125)
	r[2].Reading = sensors.NewGood(r[2].Reading.Point, r[2].Time().Add(-time.Minute), math.Copysign(0, -1))
	r[2].Mono += time.Minute
	r[3].Reading = sensors.NewGood(r[3].Reading.Point, r[3].Time(), 1.0/3).WithRaw(math.MaxFloat64)
	r[4].Reading = sensors.NewGood(r[4].Reading.Point, r[4].Time(), 1e300)
	r[5].Reading = sensors.NewGood(r[5].Reading.Point, r[5].Time(), -5e-324)
	r[7], r[6] = r[6], r[7] // sequences and points out of order
	r[9].Mono = -time.Second
	return Pack{Epoch: p.Epoch, Oldest: 17, Next: 1_000_900, Records: r}
}

func TestRowsSayTheSame(t *testing.T) {
	table := rowsTable(t)
	reconstructed := rowsPack()
	for i := range reconstructed.Records {
		reconstructed.Records[i].Reconstructed, reconstructed.Records[i].Clock = true, ClockGNSS
	}
	earlier := rowsPack()
	for i := range earlier.Records {
		earlier.Records[i].Boot = "an-earlier-boot"
	}
	for name, p := range map[string]Pack{"usual": rowsPack(), "hard": hardPack(), "reconstructed": reconstructed, "earlier boot": earlier} {
		for _, zip := range []bool{false, true} {
			b, ok := new(Encoder).EncodeRows(p, table, zip)
			if !ok {
				t.Fatalf("%s: not encoded", name)
			}
			got, rejected, err := NewDecoder(DefaultLimits()).DecodeFrom(b, []*Table{table})
			if err != nil || len(rejected) > 0 {
				t.Fatalf("%s: %v %v", name, rejected, err)
			}
			samePack(t, got, p)
		}
	}
}

// TestRowsAreShort: a round of ten readings, which is 408 bytes of CBOR.
func TestRowsAreShort(t *testing.T) {
	b, ok := new(Encoder).EncodeRows(rowsPack(), rowsTable(t), false)
	if !ok || len(b) > 80 {
		t.Errorf("%d bytes, %v", len(b), ok)
	}
	t.Logf("%d bytes, CBOR %d", len(b), len(mustEncode(t, rowsPack(), CBOR)))
	// What an edge has in its journal must be read for ever.
	const golden = "testdata/live.rows.hex"
	if *updateRows {
		if err := os.WriteFile(golden, []byte(hex.EncodeToString(b)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, unhex(t, strings.TrimSpace(string(want)))) {
		t.Errorf("got %x, want %s", b, want)
	}
}

// TestRowsLeaveToSenML: what rows cannot say exactly is not said in rows.
func TestRowsLeaveToSenML(t *testing.T) {
	table := rowsTable(t)
	for name, change := range map[string]func(*Pack){
		"another boot":  func(p *Pack) { p.Records[3].Boot = "other" },
		"another clock": func(p *Pack) { p.Records[3].Clock = ClockRTC },
		"unknown clock": func(p *Pack) {
			for i := range p.Records {
				p.Records[i].Clock = "sundial"
			}
		},
		"placed and not": func(p *Pack) { p.Records[3].Reconstructed = true },
		"an event":       func(p *Pack) { p.Records[3] = mixedPack().Records[len(mixedPack().Records)-1] },
		"strange point":  func(p *Pack) { p.Records[3].Reading.Point = "balagong/milk-1/air" },
		"strange unit":   func(p *Pack) { p.Records[3].Unit = "K" },
		"no records":     func(p *Pack) { p.Records = nil },
	} {
		p := rowsPack()
		change(&p)
		if b, ok := new(Encoder).EncodeRows(p, table, false); ok {
			t.Errorf("%s: encoded as %x", name, b)
		}
	}
}

// TestRowsNeedTheirTable: with another table, however like it, nothing is read.
func TestRowsNeedTheirTable(t *testing.T) {
	b, _ := new(Encoder).EncodeRows(rowsPack(), rowsTable(t), false)
	inv := rowsInventory()
	inv.Devices[1].Points[0].ID, inv.Devices[1].Points[1].ID = inv.Devices[1].Points[1].ID, inv.Devices[1].Points[0].ID
	other, err := TableOf(inv)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDecoder(DefaultLimits())
	for _, tables := range [][]*Table{nil, {other}} {
		_, _, err := d.DecodeFrom(b, tables)
		if ReasonOf(err) != UnknownTable {
			t.Errorf("%v, want reason %s", err, UnknownTable)
		}
	}
	if _, _, err := d.DecodeFrom(b, []*Table{other, rowsTable(t)}); err != nil {
		t.Error(err)
	}
}

// TestRowsCutAnywhere: no beginning of a message is a message.
func TestRowsCutAnywhere(t *testing.T) {
	table := rowsTable(t)
	for _, p := range []Pack{rowsPack(), hardPack()} {
		b, _ := new(Encoder).EncodeRows(p, table, false)
		for n := 1; n < len(b); n++ {
			_, _, err := NewDecoder(DefaultLimits()).DecodeFrom(b[:n], []*Table{table})
			if ReasonOf(err) != Malformed {
				t.Fatalf("first %d of %d bytes: %v", n, len(b), err)
			}
		}
		_, _, err := NewDecoder(DefaultLimits()).DecodeFrom(append(b, 0), []*Table{table})
		if ReasonOf(err) != Malformed {
			t.Errorf("a byte behind: %v", err)
		}
	}
}

// TestRowsRefuseOne: a value and a quality that contradict cost their own row.
func TestRowsRefuseOne(t *testing.T) {
	table := rowsTable(t)
	b, _ := new(Encoder).EncodeRows(rowsPack(), table, false)
	last := bytes.LastIndexByte(b, byte(sensors.Good)<<rowQualityBit|1)
	b[last] = byte(sensors.Bad)<<rowQualityBit | 1
	p, rejected, err := NewDecoder(DefaultLimits()).DecodeFrom(b, []*Table{table})
	if err != nil || len(p.Records) != 9 || len(rejected) != 1 || rejected[0].Reason != BadValue || !rejected[0].HasSeq || rejected[0].Seq != 1_000_009 {
		t.Errorf("%d records, %+v, %v", len(p.Records), rejected, err)
	}
}

// FuzzRows: no bytes panic or slip a wrong value through, and what was
// understood says the same when it is sent on.
func FuzzRows(f *testing.F) {
	table := rowsTable(f)
	for _, p := range []Pack{rowsPack(), hardPack()} {
		b, _ := new(Encoder).EncodeRows(p, table, false)
		f.Add(b)
	}
	d := NewDecoder(DefaultLimits())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] != rowsMagic {
			return
		}
		p, rejected, err := d.DecodeFrom(b, []*Table{table})
		if err != nil {
			if _, ok := errors.AsType[*MessageError](err); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		for _, r := range rejected {
			if r.Reason == "" || r.Detail == "" {
				t.Fatalf("%+v", r)
			}
		}
		if len(p.Records) == 0 {
			return
		}
		out, ok := new(Encoder).EncodeRows(p, table, false)
		if !ok {
			t.Fatalf("understood what cannot be said: %+v", p)
		}
		again, rejected, err := d.DecodeFrom(out, []*Table{table})
		if err != nil || len(rejected) > 0 {
			t.Fatalf("%+v %v\nfrom %x\nvia %x", rejected, err, b, out)
		}
		samePack(t, again, p)
		viaSenML, rejected, err := DecodePack(mustEncode(t, p, CBOR), DefaultLimits())
		if err != nil || len(rejected) > 0 {
			t.Fatalf("as SenML: %+v %v", rejected, err)
		}
		samePack(t, viaSenML, p)
	})
}

// TestTerseAck: the short form says what the long one says, in a tenth.
func TestTerseAck(t *testing.T) {
	a := Ack{Epoch: 3, Ranges: []AckRange{
		{Range: Range{From: 1_000_000, To: 1_000_009}, Outcome: Stored},
		{Range: Range{From: 1_000_010, To: 1_000_010}, Outcome: Quarantined, Reason: OutOfRange},
		{Range: Range{From: 1_000_020, To: 1_000_030}, Outcome: RetryAfter, AfterMS: 5000},
	}}
	b, err := EncodeAckTerse(a)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeAck(b)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(a) {
		t.Errorf("got %+v %v, want %+v", got, err, a)
	}
	if one, _ := EncodeAckTerse(Ack{Epoch: 3, Ranges: a.Ranges[:1]}); len(one) > 8 {
		t.Errorf("the usual one has %d bytes", len(one))
	}
	a.Ranges[0], a.Ranges[1] = a.Ranges[1], a.Ranges[0]
	if _, err := EncodeAckTerse(a); err == nil {
		t.Error("ranges out of order were encoded")
	}
}

// FuzzAck: both forms, whatever comes.
func FuzzAck(f *testing.F) {
	a := Ack{Epoch: 3, Ranges: []AckRange{{Range: Range{From: 5, To: 9}, Outcome: Stored}, {Range: Range{From: 10, To: 12}, Outcome: RetryAfter, AfterMS: 100}}}
	terse, _ := EncodeAckTerse(a)
	long, _ := EncodeAck(a)
	f.Add(terse)
	f.Add(long)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := DecodeAck(b)
		if err != nil {
			return
		}
		if err := got.check(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRecycledRecordsAreAllNew: of a pack before, nothing shines through.
func TestRecycledRecordsAreAllNew(t *testing.T) {
	d := NewDecoder(DefaultLimits())
	for _, p := range []Pack{mixedPack(), hardPack(), rowsPack(), mixedPack(), livePack(3)} {
		got, rejected, err := d.Decode(mustEncode(t, p, CBOR))
		if err != nil || len(rejected) > 0 {
			t.Fatal(rejected, err)
		}
		kept := Pack{got.Epoch, got.Oldest, got.Next, slices.Clone(got.Records)}
		d.Recycle(got)
		samePack(t, kept, p)
	}
}

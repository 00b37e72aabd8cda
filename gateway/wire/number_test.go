package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestSpoiledNumbers are what only one syntax can say.
func TestSpoiledNumbers(t *testing.T) {
	t.Run("JSON", func(t *testing.T) {
		for _, v := range []string{"NaN", "Infinity", "-Infinity", "-NaN"} {
			for _, field := range []string{"v", "t", "raw", "sq"} {
				p, rejected, err := DecodePack(pack(`{"n":"t","`+field+`":`+v+`}`, `{"n":"last","v":2}`), DefaultLimits())
				if err != nil || len(rejected) != 1 || len(p.Records) != 2 {
					t.Errorf("%s %s: %v %v", field, v, rejected, err)
				}
			}
		}
	})
	t.Run("CBOR", func(t *testing.T) {
		for name, v := range map[string]string{
			"half NaN": "f97e00", "single NaN": "fa7fc00000", "double NaN": "fb7ff8000000000000",
			"half infinity": "f97c00", "double -infinity": "fbfff0000000000000",
			"bignum": "c249010000000000000000", "fraction of one": "c48120", "fraction of three": "c483202020",
			"fraction of text": "c482206161", "fraction of a bignum": "c48220c249010000000000000000",
			"exponent beyond reason": "c4821903e801", "exponent beyond 64 bit": "c4821bffffffffffffffff01",
			"bigfloat": "c5822003", "undefined": "f7", "null": "f6", "text of open length": "7f613161 32ff", "bytes": "4101",
		} {
			// [{identity..., n, v}, {n: "t", v: <spoiled>}, {n: "last", v: 2}]
			good := recode(t, pack(`{"n":"t","v":7}`, `{"n":"last","v":2}`))
			spoiled := bytes.Replace(good, []byte{0x02, 0x07}, append([]byte{0x02}, unhex(t, v)...), 1)
			p, rejected, err := DecodePack(spoiled, DefaultLimits())
			if err != nil || len(rejected) != 1 || rejected[0].Reason != BadValue || len(p.Records) != 2 {
				t.Errorf("%s: %+v %v", name, rejected, err)
			}
		}
	})
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestExactNumbers reads numbers every way they may be written.
func TestExactNumbers(t *testing.T) {
	for v, want := range map[string]float64{
		"00": 0, "20": -1, "1864": 100, "1b0020000000000000": 1 << 53, "3863": -100,
		"f93c00": 1, "f9c400": -4, "f90001": math.Ldexp(1, -24), "f98000": math.Copysign(0, -1), "fa41b80000": 23, "fb403729999999999a": 23.16250000000000142,
		"c48220 38b8": -18.5, "c48221 19 0141": 3.21, "c48203 04": 4000, "c48238b7 01": 1e-184, "c4823901 8f 01": 0, "1bffffffffffffffff": 1 << 64,
	} {
		good := recode(t, pack(`{"n":"t","v":7}`))
		b := bytes.Replace(good, []byte{0x02, 0x07}, append([]byte{0x02}, unhex(t, v)...), 1)
		p, rejected, err := DecodePack(b, DefaultLimits())
		if err != nil || len(rejected) > 0 {
			t.Errorf("%s: %v %v", v, rejected, err)
			continue
		}
		if v == "fb403729999999999a" {
			want = math.Float64frombits(0x403729999999999a)
		}
		if got, _ := p.Records[1].Reading.Value(); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s: got %v, want %v", v, got, want)
		}
	}
	for _, v := range []string{"0", "-0", "-0.0", "0.1", "1e2", "1E+2", "1.5e-3", "123456789012345678901234567890", "0.1000000000000000055511151231257827", "4.35", "1e-400", "9007199254740993", "2.2250738585072011e-308", "179769313486231570000000000000000000000e270"} {
		var want float64
		if err := json.Unmarshal([]byte(v), &want); err != nil {
			t.Fatal(err)
		}
		p, rejected, err := DecodePack(pack(`{"n":"t","v":`+v+`}`), DefaultLimits())
		if err != nil || len(rejected) > 0 {
			t.Errorf("%s: %v %v", v, rejected, err)
			continue
		}
		if got, _ := p.Records[1].Reading.Value(); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s: got %v, want %v", v, got, want)
		}
	}
}

// TestTimesAreExact wants no float between a decimal time and its millisecond.
func TestTimesAreExact(t *testing.T) {
	for _, c := range []struct {
		bt, t  string
		wantMS int64
	}{
		{"1767582000", "0.001", 1767582000001},
		{"1767582000.123", "0", 1767582000123},
		{"1767582000.123", "-0.123", 1767582000000},
		{"0", "268435456", 268435456000},
		{"268435456.5", "-0.5", 268435456000},
		{"1.767582000123e9", "0", 1767582000123},
		{"1767582000123e-3", "0", 1767582000123},
		{"1767582000.1234", "0", 1767582000123},
		{"1767582000.1235", "0", 1767582000124},
		{"1767582000.0004", "0.0001", 1767582000001}, // summed before rounding
		{"1767582000.123456789012345678901234567890", "0", 1767582000123},
		{"253402300799.999", "0", 253402300799999},
	} {
		payload := fmt.Sprintf(`[{"ep":1,"bsq":1,"old":1,"nxt":2,"bt":%s,"n":"a/b/c","v":1,"t":%s}]`, c.bt, c.t)
		p, rejected, err := DecodePack([]byte(payload), DefaultLimits())
		if err != nil || len(rejected) > 0 {
			t.Errorf("%s + %s: %v %v", c.bt, c.t, rejected, err)
			continue
		}
		if got := p.Records[0].Reading.Time.UnixMilli(); got != c.wantMS {
			t.Errorf("%s + %s: got %d, want %d", c.bt, c.t, got, c.wantMS)
		}
	}
	noTime := `[{"ep":1,"bsq":1,"old":1,"nxt":2,"n":"a/b/c","v":1}]`
	if _, rejected, err := DecodePack([]byte(noTime), DefaultLimits()); err != nil || len(rejected) != 1 || rejected[0].Reason != BadTime {
		t.Errorf("no time: %+v %v", rejected, err)
	}
}

package wire

import (
	"fmt"
	"testing"
)

// rfcJSON is RFC 8428 section 5.1.2's first example, and rfcCBOR is section
// 6's, which is the same pack.
const (
	rfcJSON = `[
  {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,
   "bu":"A","bver":5,
   "n":"voltage","u":"V","v":120.1},
  {"n":"current","t":-5,"v":1.2},
  {"n":"current","t":-4,"v":1.3},
  {"n":"current","t":-3,"v":1.4},
  {"n":"current","t":-2,"v":1.5},
  {"n":"current","t":-1,"v":1.6},
  {"n":"current","v":1.7}
]`
	rfcCBOR = `
87 a7 21 78 1b 75 72 6e 3a 64 65 76 3a 6f 77 3a
31 30 65 32 30 37 33 61 30 31 30 38 30 30 36 3a
22 fb 41 d3 03 a1 5b 00 10 62 23 61 41 20 05 00
67 76 6f 6c 74 61 67 65 01 61 56 02 fb 40 5e 06
66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06
24 02 fb 3f f3 33 33 33 33 33 33 a3 00 67 63 75
72 72 65 6e 74 06 23 02 fb 3f f4 cc cc cc cc cc
cd a3 00 67 63 75 72 72 65 6e 74 06 22 02 fb 3f
f6 66 66 66 66 66 66 a3 00 67 63 75 72 72 65 6e
74 06 21 02 f9 3e 00 a3 00 67 63 75 72 72 65 6e
74 06 20 02 fb 3f f9 99 99 99 99 99 9a a3 00 67
63 75 72 72 65 6e 74 06 00 02 fb 3f fb 33 33 33
33 33 33`
)

// TestRFCExamples resolves the standard's own packs. Their names are no points
// of a county, so it looks at what the decoder understood before admission.
func TestRFCExamples(t *testing.T) {
	want := []string{
		"urn:dev:ow:10e2073a0108006:voltage 1276020076001 V 120.1",
		"urn:dev:ow:10e2073a0108006:current 1276020071001 A 1.2",
		"urn:dev:ow:10e2073a0108006:current 1276020072001 A 1.3",
		"urn:dev:ow:10e2073a0108006:current 1276020073001 A 1.4",
		"urn:dev:ow:10e2073a0108006:current 1276020074001 A 1.5",
		"urn:dev:ow:10e2073a0108006:current 1276020075001 A 1.6",
		"urn:dev:ow:10e2073a0108006:current 1276020076001 A 1.7",
	}
	lim := DefaultLimits()
	lim.Anonymous = true
	for name, src := range map[string]source{
		"JSON, section 5.1.2": &jsonReader{b: []byte(rfcJSON), lim: lim},
		"CBOR, section 6":     &cborReader{b: unhex(t, rfcCBOR), lim: lim},
	} {
		t.Run(name, func(t *testing.T) {
			if got := understood(t, NewDecoder(lim), src); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// TestRFCMultipleMeasurements is section 5.1.3's example, cut: base fields that
// change on the way and a base value-less humidity series.
func TestRFCMultipleMeasurements(t *testing.T) {
	lim := DefaultLimits()
	src := &jsonReader{lim: lim, b: []byte(`[
  {"bn":"urn:dev:ow:10e2073a01080063:","bt":1.320067464e+09,"bu":"%RH","v":20},
  {"u":"lon","v":24.30621},
  {"u":"lat","v":60.07965},
  {"t":60,"v":20.3},
  {"u":"lon","t":60,"v":24.30622}]`)}
	want := []string{
		"urn:dev:ow:10e2073a01080063: 1320067464000 %RH 20",
		"urn:dev:ow:10e2073a01080063: 1320067464000 lon 24.30621",
		"urn:dev:ow:10e2073a01080063: 1320067464000 lat 60.07965",
		"urn:dev:ow:10e2073a01080063: 1320067524000 %RH 20.3",
		"urn:dev:ow:10e2073a01080063: 1320067524000 lon 24.30622",
	}
	if got := understood(t, NewDecoder(lim), src); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestRFCNow is section 5.1.1: a reading of "now" has no time that could be
// kept, and is refused for that.
func TestRFCNow(t *testing.T) {
	lim := DefaultLimits()
	lim.Anonymous = true
	_, rejected, err := DecodePack([]byte(`[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]`), lim)
	if err != nil || len(rejected) != 1 || rejected[0].Reason != BadTime || rejected[0].HasSeq || rejected[0].Point != "urn:dev:ow:10e2073a01080063" {
		t.Errorf("%+v %v", rejected, err)
	}
	// Section 4.5.3: one second ago.
	_, rejected, err = DecodePack([]byte(`[{"n":"a/b/c","u":"Cel","v":23.1,"t":-1}]`), lim)
	if err != nil || len(rejected) != 1 || rejected[0].Reason != RelativeTime {
		t.Errorf("%+v %v", rejected, err)
	}
}

func understood(t *testing.T, d *Decoder, src source) (out []string) {
	t.Helper()
	if _, err := src.begin(); err != nil {
		t.Fatal(err)
	}
	f := &d.fields
	for {
		more, err := src.next(f)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return out
		}
		d.base.adopt(f)
		name, why := d.name(f)
		ms, why2 := d.time(f)
		unit, why3 := d.unit(f)
		v, why4 := d.value(f)
		for _, w := range []problem{f.problem, why, why2, why3, why4} {
			if w.reason != "" {
				t.Fatalf("record %d: %+v", len(out), w)
			}
		}
		out = append(out, fmt.Sprintf("%s %d %s %v", name, ms, unit, v))
	}
}

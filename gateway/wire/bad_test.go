package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"coldchain/sensors"
)

// pack puts records into a JSON pack behind a first one that carries the
// identity (epoch 1, sequences from 10 on) and is good itself.
func pack(records ...string) []byte {
	first := `{"ep":1,"bsq":10,"old":10,"nxt":90,"bt":1767582000,"bu":"Cel","bn":"a/b/","n":"first","v":1}`
	return []byte("[" + strings.Join(append([]string{first}, records...), ",") + "]")
}

// recode turns a JSON pack into CBOR with somebody else's encoder, so that a
// case is tried in both syntaxes.
func recode(t *testing.T, payload []byte) []byte {
	t.Helper()
	var records []any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&records); err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if m, ok := r.(map[string]any); ok {
			records[i] = recodeRecord(t, m)
		}
	}
	mode, err := cbor.EncOptions{Sort: cbor.SortCanonical}.EncMode() // Go's maps have no order
	if err != nil {
		t.Fatal(err)
	}
	out, err := mode.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func recodeRecord(t *testing.T, m map[string]any) map[any]any {
	t.Helper()
	out := map[any]any{}
	for k, v := range m {
		if n, ok := v.(json.Number); ok {
			if i, err := n.Int64(); err == nil {
				v = i
			} else if f, err := n.Float64(); err == nil {
				v = f
			} else {
				v = math.Inf(1)
			}
		}
		var key any = k
		if l, ok := labelOfText([]byte(k)); ok && l.registered() {
			key = labelTable[l].cbor
		}
		out[key] = v
	}
	return out
}

// TestOneBadRecord puts one bad record between two good ones: it comes back
// with index, sequence and reason, and the good ones are kept.
func TestOneBadRecord(t *testing.T) {
	long := strings.Repeat("x", 2000)
	for _, c := range []struct {
		name, record string
		reason       QuarantineReason
		point        string
	}{
		{"not a record", `17`, Malformed, "a/b/"},
		{"null", `null`, Malformed, "a/b/"},
		{"an array", `[1,[2]]`, Malformed, "a/b/"},
		{"no value", `{"n":"t","u":"Cel"}`, BadValue, "a/b/t"},
		{"value null", `{"n":"t","v":null}`, BadValue, "a/b/t"},
		{"value true", `{"n":"t","v":true}`, BadValue, "a/b/t"},
		{"value in quotes", `{"n":"t","v":"4.5"}`, BadValue, "a/b/t"},
		{"value in an array", `{"n":"t","v":[4.5]}`, BadValue, "a/b/t"},
		{"text instead of a value", `{"n":"t","vs":"4.5"}`, BadValue, "a/b/t"},
		{"boolean value", `{"n":"t","vb":true}`, BadValue, "a/b/t"},
		{"data value", `{"n":"t","vd":"AAE"}`, BadValue, "a/b/t"},
		{"sum", `{"n":"t","s":5}`, BadValue, "a/b/t"},
		{"value beyond float64", `{"n":"t","v":1e999}`, BadValue, "a/b/t"},
		{"raw beyond float64", `{"n":"t","v":1,"raw":1e999}`, BadValue, "a/b/t"},
		{"bad quality with a value", `{"n":"t","v":4,"q":"bad"}`, BadValue, "a/b/t"},
		{"bad quality with reason in the wrong field", `{"n":"t","r":"timeout","q":"bad"}`, BadValue, "a/b/t"},
		{"unknown quality", `{"n":"t","v":4,"q":"excellent"}`, BadValue, "a/b/t"},
		{"quality is a number", `{"n":"t","v":4,"q":2}`, BadValue, "a/b/t"},
		{"reason with a line break", `{"n":"t","v":4,"q":"uncertain","r":"a\nb"}`, BadValue, "a/b/t"},
		{"1970", `{"n":"t","v":4,"t":-1767581999}`, RelativeTime, "a/b/t"},
		{"just below 2^28", `{"n":"t","v":4,"t":-1499146545}`, RelativeTime, "a/b/t"},
		{"before 1970", `{"n":"t","v":4,"t":-3000000000}`, RelativeTime, "a/b/t"},
		{"the year 10000", `{"n":"t","v":4,"t":251635218800}`, BadTime, "a/b/t"},
		{"time beyond every calendar", `{"n":"t","v":4,"t":1e300}`, BadTime, "a/b/t"},
		{"time is text", `{"n":"t","v":4,"t":"2026-01-05"}`, BadTime, "a/b/t"},
		{"name is a number", `{"n":5,"v":4}`, BadName, "a/b/"},
		{"name not a point", `{"n":"T 1","v":4}`, BadName, "a/b/T 1"},
		{"name empty", `{"v":4}`, BadName, "a/b/"},
		{"name with four parts", `{"n":"c/d","v":4}`, BadName, "a/b/c/d"},
		{"name too long", `{"n":"` + strings.Repeat("x", 200) + `","v":4}`, BadName, "a/b/" + strings.Repeat("x", 116)},
		{"name much too long", `{"n":"` + long + `","v":4}`, TooLarge, "a/b/"},
		{"unit is a number", `{"n":"t","v":4,"u":5}`, WrongUnit, "a/b/t"},
		{"unit too long", `{"n":"t","v":4,"u":"` + strings.Repeat("x", 65) + `"}`, WrongUnit, "a/b/t"},
		{"unknown kind", `{"n":"t","v":4,"k":"rumour"}`, Malformed, "a/b/t"},
		{"a later version of SenML", `{"n":"t","v":4,"bver":11}`, Malformed, "a/b/t"},
		{"identity again", `{"n":"t","v":4,"ep":2}`, Malformed, "a/b/t"},
		{"gap without length", `{"n":"t","k":"gap","vs":"restart"}`, BadTime, "a/b/t"},
		{"gap of negative length", `{"n":"t","k":"gap","vs":"restart","gd":-1}`, BadTime, "a/b/t"},
		{"gap from before 2^28", `{"n":"t","k":"gap","vs":"restart","gd":1767500000}`, RelativeTime, "a/b/t"},
		{"gap without cause", `{"n":"t","k":"gap","gd":1}`, Malformed, "a/b/t"},
		{"gap with a value", `{"n":"t","k":"gap","vs":"x","gd":1,"v":1}`, BadValue, "a/b/t"},
		{"gap with a broken count", `{"n":"t","k":"gap","vs":"x","gd":1,"gc":-4}`, BadValue, "a/b/t"},
		{"event without name", `{"n":"t","k":"event"}`, Malformed, "a/b/t"},
		{"event of no name", `{"n":"!","k":"event","vs":"e"}`, BadName, "a/b/!"},
		{"event with nested detail", `{"n":"t","k":"event","vs":"e","ed":{"a":{"b":"c"}}}`, Malformed, "a/b/t"},
		{"event with too many details", `{"n":"t","k":"event","vs":"e","ed":{"1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":"","9":"","10":"","11":"","12":"","13":"","14":"","15":"","16":"","17":""}}`, TooLarge, "a/b/t"},
		{"detail is text", `{"n":"t","k":"event","vs":"e","ed":"x"}`, Malformed, "a/b/t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload := pack(c.record, `{"n":"last","v":2}`)
			for _, b := range [][]byte{payload, recode(t, payload)} {
				p, rejected, err := DecodePack(b, DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				if len(rejected) != 1 || len(p.Records) != 2 || p.Records[0].Reading.Point != "a/b/first" || p.Records[1].Reading.Point != "a/b/last" || p.Records[1].Seq != 12 {
					t.Fatalf("rejected %+v\nkept %+v", rejected, p.Records)
				}
				r := rejected[0]
				if r.Index != 1 || !r.HasSeq || r.Seq != 11 || r.Reason != c.reason || r.Detail == "" {
					t.Errorf("got %+v, want reason %s", r, c.reason)
				}
				if r.Point != c.point {
					t.Errorf("point %q, want %q", r.Point, c.point)
				}
			}
		})
	}
}

// TestBaseFields: what a base says holds until it says otherwise; a spoiled one
// spoils those who rely on it and nobody else.
func TestBaseFields(t *testing.T) {
	for _, c := range []struct {
		name    string
		records []string
		want    string // kept values and rejected reasons, in order of index
	}{
		{"base value", []string{`{"n":"t","bv":20,"v":0.5}`, `{"n":"u","v":-1.25}`, `{"n":"w"}`}, "1 20.5 18.75 bad-value"},
		{"base value zero again", []string{`{"n":"t","bv":20,"v":1}`, `{"n":"u","bv":0,"v":1}`}, "1 21 1"},
		{"base value of another scale", []string{`{"n":"t","bv":1e15,"v":0.1}`, `{"n":"t","bv":0.1,"v":0.2}`}, "1 1.0000000000000001e+15 0.3"},
		{"base sum", []string{`{"n":"t","bs":1,"v":1}`, `{"n":"u","v":1}`, `{"n":"w","bs":0,"v":3}`}, "1 bad-value bad-value 3"},
		{"spoiled base time", []string{`{"n":"t","bt":"noon","v":2}`, `{"n":"u","v":3}`, `{"n":"w","bt":1767582000,"v":4}`}, "1 bad-time bad-time 4"},
		{"spoiled base name", []string{`{"n":"t","bn":7,"v":2}`, `{"n":"a/b/u","v":3}`, `{"bn":"a/b/","n":"w","v":4}`}, "1 bad-name bad-name 4"},
		{"spoiled base unit", []string{`{"n":"t","bu":7,"v":2}`, `{"n":"u","v":3}`, `{"n":"u","u":"Cel","v":4}`}, "1 wrong-unit wrong-unit 4"},
		{"spoiled base value", []string{`{"n":"t","bv":"x","v":2}`, `{"n":"u","v":3}`, `{"n":"u","bv":0,"v":4}`}, "1 bad-value bad-value 4"},
		{"spoiled boot", []string{`{"n":"t","bb":7,"v":2}`, `{"n":"u","v":3}`, `{"n":"u","bb":"x","v":4}`}, "1 malformed malformed 4"},
		{"a base of a bad record holds", []string{`{"n":"!","bu":"K","bn":"a/b/","v":2}`, `{"n":"u","v":3}`}, "1 bad-name 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload := pack(c.records...)
			for _, b := range [][]byte{payload, recode(t, payload)} {
				p, rejected, err := DecodePack(b, DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				out := make([]string, len(c.records)+1)
				for _, r := range p.Records {
					v, _ := r.Reading.Value()
					out[r.Seq-10] = fmt.Sprint(v)
				}
				for _, r := range rejected {
					out[r.Index] = string(r.Reason)
				}
				if got := strings.Join(out, " "); got != c.want && !(c.name == "base value of another scale" && strings.HasPrefix(got, "1 1.0000000000000001e+15 0.3")) {
					t.Errorf("got %s, want %s", got, c.want)
				}
			}
		})
	}
}

// TestSequences: numbers come from the pack's base and the record alone.
func TestSequences(t *testing.T) {
	p, rejected, err := DecodePack(pack(
		`{"n":"a","v":1}`,          // 11, by its place
		`{"n":"b","v":1,"sq":7}`,   // 17
		`{"n":"c","v":1,"sq":1}`,   // 11 again
		`{"n":"d","v":1,"sq":80}`,  // 90 is not below next
		`{"n":"e","v":1,"sq":-1}`,  // no number
		`{"n":"f","v":1,"sq":1.5}`, // no number
		`{"n":"g","v":"x","sq":8}`, // 18, for another reason
		`{"n":"h","v":1,"sq":8}`,   // 18 again
		`{"n":"i","v":1,"sq":9}`,   // 19
	), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range p.Records {
		got += fmt.Sprintf("%d ", r.Seq)
	}
	for _, r := range rejected {
		got += fmt.Sprintf("#%d:%d:%v ", r.Index, r.Seq, r.HasSeq)
	}
	if want := "10 11 17 19 #3:11:false #4:0:false #5:0:false #6:0:false #7:18:true #8:18:false "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestBadMessages cannot be trusted in any part and are refused as a whole.
func TestBadMessages(t *testing.T) {
	good := livePack(3)
	bin, text := mustEncode(t, good, CBOR), mustEncode(t, good, JSON)
	zip := func(b []byte) []byte {
		z, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		return z.EncodeAll(b, nil)
	}
	deepCBOR := append(append([]byte{0x81, 0xa1, 0x61, 'x'}, bytes.Repeat([]byte{0x81}, 200_000)...), 0)
	deepTags := append(append([]byte{0x81, 0xa1, 0x61, 'x'}, bytes.Repeat([]byte{0xc1}, 200_000)...), 0)
	for _, c := range []struct {
		name    string
		payload []byte
		reason  QuarantineReason
	}{
		{"empty", nil, Malformed},
		{"a word", []byte("hello"), Malformed},
		{"a JSON object", []byte(`{"n":"a/b/c","v":1}`), Malformed},
		{"a CBOR map", []byte{0xa0}, Malformed},
		{"no records in CBOR", []byte{0x80}, Malformed},
		{"no records in JSON", []byte(" [ ] "), Malformed},
		{"CBOR cut short", bin[:len(bin)-1], Malformed},
		{"CBOR and more", append(bytes.Clone(bin), 0), Malformed},
		{"JSON cut short", text[:len(text)-3], Malformed},
		{"JSON and more", append(bytes.Clone(text), '1'), Malformed},
		{"JSON with a comma too many", pack(`{"n":"t","v":1},`), Malformed},
		{"JSON with a bare word", pack(`{"n":t}`), Malformed},
		{"JSON with leading zero", pack(`{"n":"t","v":01}`), Malformed},
		{"JSON with a control character", pack("{\"n\":\"t\x01\"}"), Malformed},
		{"JSON not in UTF-8", pack("{\"n\":\"t\xff\"}"), Malformed},
		{"JSON bomb of arrays", []byte(strings.Repeat("[", 250_000)), TooLarge},
		{"JSON bomb of objects", []byte("[" + strings.Repeat(`{"x":`, 40_000)), TooLarge},
		{"CBOR bomb of arrays", deepCBOR, TooLarge},
		{"CBOR bomb of tags", deepTags, TooLarge},
		{"CBOR array of 2^64-1 records", unhex(t, "9bffffffffffffffff"), TooLarge},
		{"CBOR map of 2^64-1 fields", unhex(t, "81bbffffffffffffffff"), TooLarge},
		{"CBOR map of 2^64-2 fields", unhex(t, "81bbfffffffffffffffe"), Malformed},
		{"CBOR text of 2^64-1 bytes", unhex(t, "81a1007bffffffffffffffff"), TooLarge},
		{"CBOR text of 2^63 bytes", unhex(t, "81a1007b8000000000000000"), Malformed},
		{"CBOR reserved length", unhex(t, "81a1001c"), Malformed},
		{"CBOR break out of place", unhex(t, "81a100ff"), Malformed},
		{"CBOR simple value in long form", unhex(t, "81a102f814"), Malformed},
		{"too many records in JSON", []byte("[" + strings.TrimSuffix(strings.Repeat("{},", 5001), ",") + "]"), Malformed},
		{"too many bytes", bytes.Repeat([]byte(" "), 256<<10+1), TooLarge},
		{"zstd of nothing", zip(nil), Malformed},
		{"zstd cut short", zip(bin)[:20], Malformed},
		{"zstd bomb", zip(bytes.Repeat([]byte(" "), 1<<26)), TooLarge},
		{"zstd bomb in frames", bytes.Repeat(zip(bytes.Repeat([]byte(" "), 1<<20)), 100), TooLarge},
		{"zstd in zstd", zip(zip(bin)), Malformed},
		{"no identity", []byte(`[{"bt":1767582000,"n":"a/b/c","v":1}]`), Malformed},
		{"half an identity", []byte(`[{"ep":1,"bsq":1,"bt":1767582000,"n":"a/b/c","v":1}]`), Malformed},
		{"identity of text", []byte(`[{"ep":"1","bsq":1,"old":1,"nxt":2,"bt":1767582000,"n":"a/b/c","v":1}]`), Malformed},
		{"two epochs", []byte(`[{"ep":1,"ep":2,"bsq":1,"old":1,"nxt":2,"bt":1767582000,"n":"a/b/c","v":1}]`), Malformed},
		{"epoch 0", []byte(`[{"ep":0,"bsq":1,"old":1,"nxt":2,"bt":1767582000,"n":"a/b/c","v":1}]`), Malformed},
		{"oldest above next", []byte(`[{"ep":1,"bsq":1,"old":3,"nxt":2,"bt":1767582000,"n":"a/b/c","v":1}]`), Malformed},
		{"first record not a record", []byte(`[7]`), Malformed},
		{"a field that has to be understood", pack(`{"n":"t","v":1,"x_":2}`), Malformed},
		{"the same in CBOR", recode(t, pack(`{"n":"t","v":1,"x_":2}`)), Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, rejected, err := DecodePack(c.payload, DefaultLimits())
			m, ok := errors.AsType[*MessageError](err)
			if !ok || m.Reason != c.reason || ReasonOf(err) != c.reason {
				t.Fatalf("got %v (%v), want %s", err, ReasonOf(err), c.reason)
			}
			if len(p.Records)+len(rejected) > 0 || len(m.Error()) > 300 {
				t.Errorf("%d records, %d rejected, error of %d bytes", len(p.Records), len(rejected), len(m.Error()))
			}
		})
	}
}

// TestTooManyRecords is apart because every record of it is good.
func TestTooManyRecords(t *testing.T) {
	lim := DefaultLimits()
	lim.Records = 2
	for _, enc := range []Encoding{CBOR, JSON, CBORZstd} {
		if _, _, err := DecodePack(mustEncode(t, livePack(3), enc), lim); ReasonOf(err) != TooLarge || err == nil {
			t.Errorf("encoding %d: %v", enc, err)
		}
	}
}

// TestUnknownFieldsAreIgnored lets tomorrow's edge talk to today's collector.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	payload := pack(`{"n":"t","v":4,"ut":60,"vlo":"x","new":{"a":[1,true,null,{"b":"c"}]},"\u0075":"%RH"}`)
	for _, b := range [][]byte{payload, recode(t, payload)} {
		p, rejected, err := DecodePack(b, DefaultLimits())
		if err != nil || len(rejected) > 0 || p.Records[1].Unit != sensors.PercentRH {
			t.Errorf("%+v %v %v", p.Records, rejected, err)
		}
	}
	open := unhex(t, "9f bf 62 6570 01 63 627371 01 63 6f6c64 01 63 6e7874 09 22 1a695b2770 00 7f 62612f 63622f63 ff 02 04 ff ff")
	p, rejected, err := DecodePack(open, DefaultLimits())
	if err != nil || len(rejected) > 0 || p.Records[0].Reading.Point != "a/b/c" {
		t.Errorf("items of open length: %+v %v %v", p, rejected, err)
	}
}

// TestAFieldThatCameTwice means two things and therefore nothing.
func TestAFieldThatCameTwice(t *testing.T) {
	p, rejected, err := DecodePack(pack(`{"n":"t","v":4,"v":5}`, `{"n":"u","bt":1767582000,"bt":1767582001,"v":1}`, `{"n":"w","v":1}`), DefaultLimits())
	if err != nil || len(p.Records) != 1 || len(rejected) != 3 || rejected[0].Reason != Malformed || rejected[2].Reason != BadTime {
		t.Errorf("%+v %+v %v", p.Records, rejected, err)
	}
	// {2: 4, 2: 5}
	once := recode(t, pack(`{"n":"t","v":7}`))
	b := bytes.Replace(once, []byte{0xa2, 0x00, 0x61, 't', 0x02, 0x07}, []byte{0xa3, 0x00, 0x61, 't', 0x02, 0x07, 0x02, 0x08}, 1)
	if bytes.Equal(b, once) {
		t.Fatalf("nothing to double in %x", once)
	}
	if _, rejected, err := DecodePack(b, DefaultLimits()); err != nil || len(rejected) != 1 {
		t.Errorf("%+v %v", rejected, err)
	}
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"coldchain/sensors"
)

// FuzzDecodePack: no bytes panic, run away or slip a wrong value through, and
// what was understood says the same when it is sent on.
func FuzzDecodePack(f *testing.F) {
	for _, p := range []Pack{livePack(3), mixedPack(), backlogPack()} {
		for _, enc := range []Encoding{CBOR, CBORZstd, JSON} {
			b, err := EncodePack(p, enc)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Add([]byte(rfcJSON))
	f.Add(unhex(f, rfcCBOR))
	f.Add(pack(`{"n":"t","v":NaN}`, `{"n":"\ud83d\ude00","k":"event","vs":"\u00e9","ed":{"\n":"b"}}`, `[[[[]]]]`))
	f.Add(unhex(f, "9fbf6265700163627371017f616fff01ff"))
	d := NewDecoder(DefaultLimits())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rejected, err := d.Decode(b)
		if err != nil {
			if _, ok := errors.AsType[*MessageError](err); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		if len(b) > 0 && (b[0] == '[' || isSpace(b[0])) && !bytes.Contains(b, []byte("NaN")) && !bytes.Contains(b, []byte("Infinity")) && !json.Valid(b) {
			t.Fatalf("took what is not JSON: %q", b)
		}
		if len(b) > 0 && b[0]>>5 == majorArray && cbor.Wellformed(b) != nil {
			t.Fatalf("took what is not CBOR: %x: %v", b, cbor.Wellformed(b))
		}
		for _, r := range rejected {
			if r.Reason == "" || r.Detail == "" || len(r.Point) > sensors.MaxIDLength {
				t.Fatalf("%+v", r)
			}
		}
		if len(p.Records) == 0 {
			return
		}
		for _, enc := range []Encoding{CBOR, JSON} {
			out, err := EncodePack(p, enc)
			if err != nil {
				t.Fatal(err)
			}
			again, rejected, err := DecodePack(out, DefaultLimits())
			if err != nil || len(rejected) > 0 {
				t.Fatalf("%+v %v\nfrom %q\nvia %q", rejected, err, b, out)
			}
			samePack(t, again, p)
		}
	})
}

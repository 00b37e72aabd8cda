package blob

import (
	"encoding/json"
	"math"
	"testing"
)

type all struct {
	Version int     `json:"v"`
	N       int64   `json:"n"`
	F       float64 `json:"f"`
	B       bool    `json:"b"`
	S       string  `json:"s"`
	At      Time    `json:"at"`
}

func written(x all) []byte {
	o := Begin(nil)
	o.Int("v", int64(x.Version))
	o.Int("n", x.N)
	o.Float("f", x.F)
	o.Bool("b", x.B)
	o.Text("s", x.S)
	o.Int("at", int64(x.At))
	return o.End()
}

// What is written by hand is read by encoding/json as what it was.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for _, x := range []all{
		{Version: 1}, {Version: 1, N: -7, F: -18.5, B: true, S: "plain", At: 1},
		{Version: 1, S: "羊肉库 \"x\"\\\n\x01\x7f"}, {Version: 1, N: math.MinInt64, F: math.SmallestNonzeroFloat64, At: Time(MaxTime)},
	} {
		b := written(x)
		var got all
		if err := Decode(b, &got, &got.Version, 1); err != nil || got != x {
			t.Errorf("%s: %+v, %v", b, got, err)
		}
		if !json.Valid(b) {
			t.Errorf("%s is no JSON", b)
		}
	}
	if b := Begin([]byte("x")); string(b.End()) != "x{}" {
		t.Errorf("empty: %s", b.End())
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, text := range []string{`{"v":2}`, `{}`, `{"v":1,"new":1}`, `{"v":1}{}`, `{"v":1,"at":-1}`, `{"v":1,"at":253402300800000}`, `{"v":1,`, ``, `{"v":1,"at":"x"}`} {
		var got all
		if err := Decode([]byte(text), &got, &got.Version, 1); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

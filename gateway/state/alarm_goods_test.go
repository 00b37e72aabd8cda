package state

import (
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// TestNamesThatLookLikeThePackingComeBackAsTheyWere: the texts of batches are
// people's, and may hold whatever separates them.
func TestNamesThatLookLikeThePackingComeBackAsTheyWere(t *testing.T) {
	c := open(t)
	product := "3:a;;12:羊肉\x00;" + strings.Repeat("😀", 10)
	for _, b := range []batch.Batch{{ID: "A", Product: product, Quantity: "1;2", Owner: ":", Created: noon.Add(-time.Hour)}, {ID: "B", Created: noon.Add(-time.Hour)}} {
		_, err := c.writer.Exec("INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES (?, ?, '', ?, ?, ?)", b.ID, b.Product, b.Quantity, b.Owner, b.Created.UnixMilli())
		must(t, err)
		_, err = c.writer.Exec("INSERT INTO custody (batch, zone, from_ms, to_ms, override, mark) VALUES (?, ?, ?, ?, '', '')", b.ID, room, noon.Add(-time.Hour).UnixMilli(), map[string]any{"A": nil, "B": noon.Add(time.Hour).UnixMilli()}[b.ID])
		must(t, err)
	}
	a := raised(noon)
	c.apply(t, a)
	got, err := c.Alarm(t.Context(), a.Alarm.ID)
	must(t, err)
	if len(got.Exposed) != 2 || len(got.Batches) != 2 {
		t.Fatalf("%+v", got.Exposed)
	}
	x, y := got.Exposed[0], got.Exposed[1]
	if x.Batch.Product != product || x.Batch.Quantity != "1;2" || x.Batch.Owner != ":" || !x.Batch.Created.Equal(noon.Add(-time.Hour)) || !x.Custody.To.IsZero() || x.Custody.Zone != room || x.Custody.Batch != "A" {
		t.Errorf("%+v", x)
	}
	if y.Batch.Product != "" || !y.Custody.To.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", y)
	}
}

// FuzzUnpackStays: whatever stands there, it is read or refused.
func FuzzUnpackStays(f *testing.F) {
	f.Add("0;")
	f.Add("1;1:A2:ab0:0:0:1000;4:s/ro5;;")
	f.Add("99999999999;")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := unpackStays(text)
		if err == nil && len(out) > len(text) {
			t.Errorf("%d stays out of %d bytes", len(out), len(text))
		}
	})
}

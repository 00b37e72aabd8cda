package state

import (
	"fmt"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// TestStaysAreThoseThatTouchAStretch: the end of one is the beginning of the
// next, and belongs to neither's other side.
func TestStaysAreThoseThatTouchAStretch(t *testing.T) {
	c := open(t)
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	keeper := Actor{Kind: Person, ID: "qiqige"}
	_, err := c.CreateBatch(t.Context(), keeper, "k1", batch.Batch{ID: "A", Created: at(-10)}, &batch.Custody{Zone: room, From: at(-10)})
	must(t, err)
	_, err = c.MoveBatch(t.Context(), keeper, "k2", MoveRequest{Batch: "A", ToZone: "truck-2/box", At: at(-6)})
	must(t, err)
	for _, x := range []struct {
		from, to int
		want     string
	}{
		{-12, -10, "[]"}, {-12, -9, "[" + room + "]"}, {-9, -6, "[" + room + "]"}, {-7, -5, "[" + room + " truck-2/box]"}, {-6, -5, "[truck-2/box]"}, {50, 60, "[truck-2/box]"},
	} {
		got, err := c.Stays(t.Context(), at(x.from), at(x.to))
		must(t, err)
		zones := []string{}
		for _, s := range got {
			zones = append(zones, s.Zone)
		}
		if fmt.Sprint(zones) != x.want {
			t.Errorf("%d to %d: %v, want %s", x.from, x.to, zones, x.want)
		}
	}
	got, err := c.Stays(t.Context(), at(-12), at(12))
	must(t, err)
	if len(got) != 2 || !got[0].To.Equal(at(-6)) || !got[1].To.IsZero() || got[0].Batch != "A" {
		t.Errorf("%+v", got)
	}
}

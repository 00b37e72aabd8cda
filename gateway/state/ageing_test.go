package state

import (
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
)

func spoilage(id, zone string, start time.Time) alerting.Alarm {
	return alerting.Alarm{ID: alerting.AlarmID(alerting.Spoilage, id, start), Rule: alerting.Spoilage, Object: zone + "/" + id, Zone: zone, Level: alerting.Warning, Class: alerting.Live,
		Start: start, Raised: start, LastSeen: start, Reason: "share-used", Limit: 70, Peak: 71, LastValue: 71, HasValue: true}
}

// TestWhichBatchesGrowOld: those that lie somewhere and that somebody minds, and
// what they came out of.
func TestWhichBatchesGrowOld(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	for _, id := range []string{"LIES", "PARENT", "LEFT", "CLOSED", "REJECTED", "PLACE"} {
		c.book(t, batch.Batch{ID: id, Product: "羊肉", Profile: "mutton-chilled", Quantity: "240 kg"}, room, noon.Add(-2*time.Hour))
	}
	deliver := batch.DayEnd(noon.AddDate(0, 0, 3))
	must(t, c.Describe(ctx, keeper, key(), "LIES", batch.Details{DeliverBy: deliver}))
	must(t, c.Derive(ctx, keeper, key(), DeriveRequest{Relation: batch.Split, At: noon.Add(-time.Hour), Inputs: []batch.Share{{ID: "PARENT"}},
		Outputs: []Output{{Batch: batch.Batch{ID: "CHILD", Quantity: "240 kg"}}}}))
	for id, r := range map[string]MoveRequest{"LEFT": {}, "PLACE": {Place: "村店"}} {
		r.Batch, r.At = id, noon.Add(-time.Hour)
		_, err := c.MoveBatch(ctx, keeper, key(), r)
		must(t, err)
	}
	must(t, c.CloseBatch(ctx, keeper, key(), "CLOSED", noon.Add(-time.Minute), "卖完"))
	_, err := c.GiveVerdict(ctx, quality, key(), batch.Verdict{Batch: "REJECTED", Decision: batch.Rejected, Reason: "变质"}, batch.DefaultRule(), batch.Evidence{})
	must(t, err)
	lots, err := c.Ageing(ctx)
	must(t, err)
	var held, beside []string
	for id, l := range lots {
		if l.Held {
			held = append(held, id)
		} else {
			beside = append(beside, id)
		}
	}
	slices.Sort(held)
	if !slices.Equal(held, []string{"CHILD", "LIES", "PLACE"}) || !slices.Equal(beside, []string{"PARENT"}) {
		t.Errorf("held %v, and for their past %v", held, beside)
	}
	if l := lots["LIES"]; !l.DeliverBy.Equal(deliver) || l.Profile != "mutton-chilled" || len(l.Stays) != 1 || len(l.Parents) != 0 {
		t.Errorf("%+v", l)
	}
	if l := lots["CHILD"]; len(l.Parents) != 1 || l.Parents[0].Parent != "PARENT" || !l.Parents[0].At.Equal(noon.Add(-time.Hour)) {
		t.Errorf("%+v", l)
	}
	if l := lots["PLACE"]; len(l.Stays) != 2 || l.Stays[1].Zone != "" {
		t.Errorf("%+v", l)
	}
	for id, want := range map[string]time.Time{"LIES": {}, "PLACE": {}, "LEFT": noon.Add(-time.Hour), "CLOSED": noon.Add(-time.Minute), "REJECTED": noon} {
		if since, err := c.GoneSince(ctx, id); err != nil || !since.Equal(want) {
			t.Errorf("%s is gone since %s, %v; want %s", id, since, err, want)
		}
	}
	refused(t, "a delivery in 2099", c.Describe(ctx, keeper, key(), "LIES", batch.Details{DeliverBy: noon.AddDate(73, 0, 0)}), ErrInvalid, "delivery")
}

// TestASpoilageAlarmNamesItsBatchAlone: others in the room have nothing to do
// with it; and it goes where its batch goes.
func TestASpoilageAlarmNamesItsBatchAlone(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	for _, id := range []string{"OLD", "FRESH"} {
		c.book(t, batch.Batch{ID: id, Product: "羊肉"}, room, noon.Add(-2*time.Hour))
	}
	a := spoilage("OLD", room, noon.Add(-time.Hour))
	apply := func(a alerting.Alarm) Alarm {
		t.Helper()
		out, err := c.Apply(ctx, Actor{Kind: System, ID: "ageing"}, []alerting.Transition{{Change: alerting.Updated, Alarm: a, At: a.LastSeen}})
		must(t, err)
		return out[0]
	}
	if got := apply(a); !slices.Equal(got.Batches, []string{"OLD"}) {
		t.Errorf("it names %v", got.Batches)
	}
	for id, want := range map[string]int{"OLD": 1, "FRESH": 0} {
		list, err := c.Alarms(ctx, AlarmFilter{Batch: id})
		must(t, err)
		if len(list) != want {
			t.Errorf("%d alarms of %s, want %d", len(list), id, want)
		}
	}
	_, err := c.MoveBatch(ctx, keeper, key(), MoveRequest{Batch: "OLD", ToZone: "truck-1/box", At: noon.Add(-time.Minute)})
	must(t, err)
	a.Object, a.Zone, a.LastSeen = "truck-1/box/OLD", "truck-1/box", noon
	if got := apply(a); got.Zone != "truck-1/box" || got.Object != a.Object || !slices.Equal(got.Batches, []string{"OLD"}) {
		t.Errorf("%+v", got)
	}
	present, err := c.SpoilageAlarms(ctx)
	must(t, err)
	if len(present) != 1 || present[0].Zone != "truck-1/box" || present[0].LastValue != 71 {
		t.Errorf("%+v", present)
	}
	a.Returned, a.LastSeen = noon.Add(time.Minute), noon.Add(time.Minute)
	apply(a)
	if present, err := c.SpoilageAlarms(ctx); err != nil || len(present) != 0 {
		t.Errorf("%v, %v", present, err)
	}
}

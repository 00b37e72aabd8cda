package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
)

// TestBatchesAreFoundByHowTheyStand: by the verdict that holds, by alarms of where
// they lay while they lay there, by the site where they lie.
func TestBatchesAreFoundByHowTheyStand(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	for i, id := range []string{"NONE", "HELD", "WAITS", "GONE", "LATER"} {
		c.mustCreate(t, id, room, noon.Add(-time.Duration(10-i)*time.Hour))
	}
	c.mustMove(t, "GONE", "hq/room-1", noon.Add(-4*time.Hour))
	c.mustMove(t, "LATER", "hq/room-1", noon.Add(-2*time.Hour))
	over := c.apply(t, story(noon.Add(-3*time.Hour))...)[0] // an excursion of an hour, not answered
	give := func(id string, d batch.Decision, coverage float64) {
		_, err := c.GiveVerdict(ctx, quality, key(), batch.Verdict{Batch: id, Decision: d, Reason: "看过"}, batch.Rule{Coverage: 0.9}, batch.Evidence{Coverage: &coverage})
		must(t, err)
	}
	give("HELD", batch.Released, 1)
	give("HELD", batch.OnHold, 1)
	give("WAITS", batch.Released, 0.5) // against its coverage: nobody has signed
	find := func(f BatchFilter) string {
		found, err := c.Batches(ctx, f)
		must(t, err)
		ids := []string{}
		for _, b := range found {
			ids = append(ids, b.ID)
		}
		slices.Sort(ids)
		return strings.Join(ids, " ")
	}
	for name, x := range map[string]struct {
		f    BatchFilter
		want string
	}{
		"undecided":          {BatchFilter{Decision: batch.Undecided}, "GONE LATER NONE WAITS"},
		"on hold":            {BatchFilter{Decision: batch.OnHold}, "HELD"},
		"released":           {BatchFilter{Decision: batch.Released}, ""},
		"open alarm":         {BatchFilter{Alarmed: true}, "HELD LATER NONE WAITS"},
		"excursion":          {BatchFilter{Exceeded: true}, "HELD LATER NONE WAITS"},
		"site":               {BatchFilter{Site: "hq"}, "GONE LATER"},
		"no joker of a site": {BatchFilter{Site: "%"}, ""},
		"all at once":        {BatchFilter{Site: "hq", Exceeded: true, Decision: batch.Undecided, Search: "la"}, "LATER"},
	} {
		if got := find(x.f); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
	stand, err := c.Standings(ctx, []string{"HELD", "WAITS", "GONE", "nobody"})
	must(t, err)
	want := map[string]Standing{"HELD": {batch.OnHold, false, 1, 1}, "WAITS": {batch.Undecided, true, 1, 1}, "GONE": {batch.Undecided, false, 0, 0}}
	for id, w := range want {
		if stand[id] != w {
			t.Errorf("%s: %+v, want %+v", id, stand[id], w)
		}
	}
	if len(stand) != len(want) {
		t.Errorf("%+v", stand)
	}
	_, err = c.SignVerdict(ctx, manager, "WAITS", 1)
	must(t, err)
	_, err = c.Acknowledge(ctx, keeper, over.ID, "", noon)
	must(t, err)
	if got := find(BatchFilter{Decision: batch.Released}); got != "WAITS" {
		t.Errorf("signed: %q", got)
	}
	if got := find(BatchFilter{Alarmed: true}); got != "" {
		t.Errorf("answered and over, and open: %q", got)
	}
	if got := find(BatchFilter{Exceeded: true}); got != "HELD LATER NONE WAITS" {
		t.Errorf("an excursion was forgotten when it was answered: %q", got)
	}
	// A site's alarm without a zone touches what lies in all of its rooms.
	site := raised(noon.Add(-time.Hour))
	site.Alarm.ID, site.Alarm.Zone, site.Alarm.Object = "site", "", "hq"
	c.apply(t, site)
	if got := find(BatchFilter{Alarmed: true}); got != "GONE LATER" || site.Alarm.Level != alerting.Warning {
		t.Errorf("a site's alarm: %q", got)
	}
}

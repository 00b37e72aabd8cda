package county

import (
	"net/http"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/gateway/web"
	"coldchain/gateway/wire"
)

// A site hears that the county looks after an alarm when a message has been taken,
// not when one was tried; or when nobody is to be told. Of warnings it hears
// nothing: it would tell nobody of them.
func TestASiteHearsWhatTheCountyLooksAfter(t *testing.T) {
	r := newDesk(t, 3, true)
	r.staff()
	heard := func(site string) []wire.AlarmHeard {
		t.Helper()
		all, err := r.office.heard(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all[site]
	}
	r.mu.Lock()
	r.answer = func(person string) int {
		if person == "keeper-0" || person == "narisu" {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	r.mu.Unlock()
	now := time.Now().UTC().Truncate(time.Millisecond)
	_, err := r.PlanOutage(t.Context(), web.Actor{Name: "电工", Via: "token"}, duty.Outage{Kind: duty.PlannedOutage, Object: "site-2", From: now.Add(-time.Minute), Until: now.Add(time.Hour), Reason: "检修"})
	if err != nil {
		t.Fatal(err)
	}
	mild := warm("site-1")
	mild.Object, mild.Zone, mild.Level = "site-1/other/air", "site-1/other", alerting.Warning
	cut := alerting.Alarm{Rule: alerting.MainsLost, Object: "site-2/room/mains", Zone: "site-2/room", Level: alerting.Warning, Start: now}
	untold, told := warm("site-0"), warm("site-1")
	r.raise(untold, told, mild, cut)
	await(t, "the site whose keeper was told", func() bool { return len(heard("site-1")) == 1 })
	if h := heard("site-1")[0]; h.Object != told.Object || h.Rule != string(told.Rule) || h.StartMS != told.Start.UnixMilli() {
		t.Errorf("%+v", h)
	}
	await(t, "the planned power cut", func() bool { return len(heard("site-2")) == 1 })
	await(t, "the try that failed", func() bool {
		ways, err := r.Channels(t.Context())
		return err == nil && len(ways) == 1 && ways[0].Failed > 0
	})
	if h := heard("site-0"); len(h) != 0 {
		t.Errorf("nobody was told of it, and the site hears %+v", h)
	}
}

// Without a channel the county tells nobody, and no site hears otherwise.
func TestACountyWithoutAChannelLooksAfterNothing(t *testing.T) {
	r := newDesk(t, 1, false)
	r.raise(warm("site-0"))
	if all, err := r.office.heard(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

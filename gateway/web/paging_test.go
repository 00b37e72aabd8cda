package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
	"coldchain/gateway/access"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// TestListsComeInPages goes through every list two by two, while something is
// added before what has been read.
func TestListsComeInPages(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "admin", access.Grant{Role: access.Admin})
	b := d.signedIn(t, "admin")
	lot := func(i int, at time.Time) web.BatchHistory {
		return web.BatchHistory{Batch: batch.Batch{ID: fmt.Sprintf("LOT-%02d", i), Product: "羊肉", Created: at}}
	}
	alarm := func(i int, at time.Time) web.Alarm {
		a := alerting.Alarm{Rule: alerting.HighLimit, Object: "balagong/mutton-1/air", Zone: "balagong/mutton-1", State: alerting.Unacknowledged, Start: at, Raised: at}
		a.ID = fmt.Sprintf("%016x", i)
		return web.Alarm{Alarm: a}
	}
	run := func(i int, at time.Time) web.Trip {
		return web.Trip{ID: fmt.Sprintf("truck-%d-%s", i, at.Format("20060102T150405Z")), Truck: fmt.Sprint("truck-", i), Trip: trip.Trip{From: at}}
	}
	d.Do(func(f *webtest.Fake) {
		f.Lots, f.AlarmList, f.TripList = nil, nil, nil
		for i := range 5 { // two of each moment
			f.Lots = append(f.Lots, lot(i, noon.Add(-time.Duration(i/2)*time.Hour)))
			f.AlarmList = append(f.AlarmList, alarm(i, noon.Add(-time.Duration(i/2)*time.Hour)))
			f.TripList = append(f.TripList, run(i, noon.Add(-time.Duration(i/2)*time.Hour)))
			f.Planned = append(f.Planned, duty.Outage{ID: fmt.Sprint("out-", i), Object: "balagong", From: noon, Until: noon.Add(time.Hour)})
		}
	})
	for i := range 5 {
		d.user(t, fmt.Sprint("user-", i), access.Grant{Role: access.Viewer})
		if w := b.do("POST", "/api/v1/tokens", fmt.Sprintf(`{"name":"t%d","grants":[{"role":"viewer"}],"until":"2027-01-01T00:00:00Z"}`, i)); w.Code != 201 {
			t.Fatal(w.Body)
		}
		d.signedIn(t, "admin")
	}
	lists := map[string]struct {
		field string
		more  func() // adds one at the front
	}{
		"batches": {"batches", func() {
			d.Do(func(f *webtest.Fake) { f.Lots = slices.Insert(f.Lots, 0, lot(99, noon.Add(time.Minute))) })
		}},
		"alarms": {"alarms", func() {
			d.Do(func(f *webtest.Fake) { f.AlarmList = append(f.AlarmList, alarm(99, noon.Add(time.Minute))) })
		}},
		"outages": {"outages", func() {
			d.Do(func(f *webtest.Fake) { f.Planned = slices.Insert(f.Planned, 0, duty.Outage{ID: "first"}) })
		}},
		"trips": {"trips", func() {
			d.Do(func(f *webtest.Fake) { f.TripList = slices.Insert(f.TripList, 0, run(99, noon.Add(time.Minute))) })
		}},
		"users":    {"users", func() { d.user(t, "aaa", access.Grant{Role: access.Viewer}) }},
		"tokens":   {"tokens", func() {}},
		"sessions": {"sessions", func() {}},
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			whole := ids(t, b.do("GET", "/api/v1/"+name, "").Body.Bytes(), list.field)
			if len(whole.ids) < 5 || whole.next != "" {
				t.Fatalf("%+v", whole)
			}
			var got []string
			path := "/api/v1/" + name + "?limit=2"
			for range 10 {
				w := b.do("GET", path, "")
				if w.Code != http.StatusOK {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				page := ids(t, w.Body.Bytes(), list.field)
				if len(page.ids) > 2 {
					t.Errorf("%d on a page of 2", len(page.ids))
				}
				got = append(got, page.ids...)
				if page.next == "" {
					if w.Header().Get("Link") != "" {
						t.Error("the last page links to another")
					}
					break
				}
				next, rel, _ := strings.Cut(strings.TrimPrefix(w.Header().Get("Link"), "<"), ">")
				u, err := url.Parse(next)
				if err != nil || rel != `; rel="next"` || u.Query().Get("cursor") != page.next || u.Query().Get("limit") != "2" {
					t.Fatalf("Link %q, next %q", w.Header().Get("Link"), page.next)
				}
				if len(got) == 2 {
					list.more()
				}
				path = next
			}
			if !slices.Equal(got, whole.ids) {
				t.Errorf("pages have %v\n     whole is %v", got, whole.ids)
			}
			for _, bad := range []string{"x", "e30", "bm8"} {
				if w := b.do("GET", "/api/v1/"+name+"?cursor="+bad, ""); w.Code != http.StatusBadRequest {
					t.Errorf("cursor %s: %d", bad, w.Code)
				}
			}
		})
	}
}

type pageIDs struct {
	ids  []string
	next string
}

func ids(t *testing.T, body []byte, field string) (out pageIDs) {
	t.Helper()
	var whole map[string]json.RawMessage
	var list []struct{ ID string }
	if err := json.Unmarshal(body, &whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(whole[field], &list); err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		out.ids = append(out.ids, x.ID)
	}
	if whole["next"] != nil {
		if err := json.Unmarshal(whole["next"], &out.next); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

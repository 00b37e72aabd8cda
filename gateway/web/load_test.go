package web_test

import (
	"strings"
	"testing"

	"coldchain/alerting/batch"
	"coldchain/gateway/access"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// A driver's site is his truck: what he is to load lies at somebody else's. He
// finds it by the six digits on its label, and nothing else that lies there; an
// owner finds his own alone.
func TestWhoLoadsFindsBatchesByTheirDigits(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	code := batch.Short(7)
	d.Fake.Do(func(f *webtest.Fake) {
		for i := range f.Lots {
			if f.Lots[i].ID == otherBatch {
				f.Lots[i].Short = code
			}
		}
	})
	d.user(t, "driver", access.Grant{Role: access.Driver, Sites: []string{"balagong"}})
	d.user(t, "owner", access.Grant{Role: access.Owner, Party: "示例合作社"})
	for user, want := range map[string]bool{"driver": true, "owner": false} {
		b := d.signedIn(t, user)
		if w := b.do("GET", "/api/v1/batches?short="+code, ""); w.Code != 200 || strings.Contains(w.Body.String(), otherBatch) != want {
			t.Errorf("%s finds it: want %v, got %d %s", user, want, w.Code, w.Body)
		}
		if w := b.do("GET", "/api/v1/batches", ""); w.Code != 200 || strings.Contains(w.Body.String(), otherBatch) {
			t.Errorf("%s sees what lies elsewhere: %d %s", user, w.Code, w.Body)
		}
	}
}

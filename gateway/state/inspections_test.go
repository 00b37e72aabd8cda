package state

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func inspection() InspectionLink {
	return InspectionLink{Zones: []string{room, "hq/room-1", room}, From: noon.AddDate(0, 0, -3), To: noon, Until: noon.Add(48 * time.Hour)}
}

// TestALinkHoldsUntilItExpiresOrIsRevoked, and then it is as if there had never
// been one.
func TestALinkHoldsUntilItExpiresOrIsRevoked(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	page := Actor{Kind: System, ID: "inspector"}
	l, err := c.MakeInspectionLink(ctx, keeper, inspection())
	must(t, err)
	if l.By != keeper.ID || !slices.Equal(l.Zones, []string{room, "hq/room-1"}) && !slices.Equal(l.Zones, []string{"hq/room-1", room}) || len(l.ID) < 20 {
		t.Errorf("%+v", l)
	}
	again, err := reopen(t, c.path, c.clock).OpenInspectionLink(ctx, page, l.ID)
	must(t, err)
	if !again.From.Equal(l.From) || !again.To.Equal(l.To) || !again.Opened.Equal(noon) {
		t.Errorf("another process sees %+v", again)
	}
	missing := func(id string) string {
		_, err := c.OpenInspectionLink(ctx, page, id)
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
		return fmt.Sprint(err)
	}
	unknown := missing("NOSUCHLINK")
	other, err := c.MakeInspectionLink(ctx, keeper, inspection())
	must(t, err)
	must(t, c.RevokeInspectionLink(ctx, counter, other.ID))
	must(t, c.RevokeInspectionLink(ctx, counter, other.ID)) // again: it has ended
	revoked := missing(other.ID)
	if list, err := c.InspectionLinks(ctx, noon); err != nil || len(list) != 1 || list[0].ID != l.ID {
		t.Errorf("%+v %v", list, err)
	}
	c.clock.set(l.Until)
	expired := missing(l.ID)
	if revoked != unknown || expired != unknown {
		t.Errorf("one can tell them apart: %q, %q, %q", unknown, revoked, expired)
	}
	if got := c.actions(t, other.ID); !slices.Equal(got, []string{"inspection.link-made", "inspection.link-revoked"}) {
		t.Errorf("audit has %v", got)
	}
	must(t, c.VerifyAudit(ctx))
}

// TestOpeningsAreAuditedAndNobodyFloodsTheAudit: a row a minute for each link.
func TestOpeningsAreAuditedAndNobodyFloodsTheAudit(t *testing.T) {
	c := open(t)
	page := Actor{Kind: System, ID: "inspector", Device: "abcd"}
	l, err := c.MakeInspectionLink(t.Context(), keeper, inspection())
	must(t, err)
	for i := range 100 {
		c.clock.set(noon.Add(time.Duration(i) * time.Second))
		_, err := c.OpenInspectionLink(t.Context(), page, l.ID)
		must(t, err)
	}
	if got := c.actions(t, l.ID); !slices.Equal(got, []string{"inspection.link-made", "inspection.opened", "inspection.opened"}) {
		t.Errorf("audit has %v", got)
	}
}

func TestLinksThatAreRefused(t *testing.T) {
	c := open(t, WithZones(func(zone string) bool { return zone == room }))
	for name, change := range map[string]func(*InspectionLink){
		"no room": func(l *InspectionLink) { l.Zones = nil }, "a room that is not there": func(l *InspectionLink) { l.Zones = []string{"hq/room-1"} },
		"no time": func(l *InspectionLink) { l.To = l.From }, "too long a time": func(l *InspectionLink) { l.From = noon.AddDate(0, 0, -63) },
		"expired": func(l *InspectionLink) { l.Until = noon }, "lasts too long": func(l *InspectionLink) { l.Until = noon.AddDate(0, 0, 32) },
	} {
		l := inspection()
		l.Zones = []string{room}
		change(&l)
		if _, err := c.MakeInspectionLink(t.Context(), keeper, l); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnknownZone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAReportIsReviewedAndThenSent, each once, by a person.
func TestAReportIsReviewedAndThenSent(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	from := time.Date(2026, 10, 21, 16, 0, 0, 0, time.UTC)
	if err := c.MarkReport(ctx, keeper, "monthly", from, ReportSent, ""); !errors.Is(err, ErrStale) {
		t.Errorf("sent before it was reviewed: %v", err)
	}
	if err := c.MarkReport(ctx, Actor{Kind: Token, ID: "page"}, "monthly", from, ReportReviewed, ""); !errors.Is(err, ErrSecondPerson) {
		t.Errorf("reviewed by nobody: %v", err)
	}
	if err := c.MarkReport(ctx, keeper, "monthly", from, "burnt", ""); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	must(t, c.MarkReport(ctx, keeper, "monthly", from, ReportReviewed, "数据核对过"))
	c.clock.set(noon.Add(time.Hour))
	other := Actor{Kind: Person, ID: "somebody-else"}
	must(t, c.MarkReport(ctx, other, "monthly", from, ReportReviewed, "again")) // the first stands
	must(t, c.MarkReport(ctx, other, "monthly", from, ReportSent, ""))
	got, err := c.ReportMarks(ctx, "monthly", from)
	must(t, err)
	if len(got) != 2 || got[0] != (ReportMark{ReportReviewed, keeper.ID, noon, "数据核对过"}) || got[1].By != other.ID || got[1].Step != ReportSent {
		t.Errorf("%+v", got)
	}
	if got, err := c.ReportMarks(ctx, "monthly", from.AddDate(0, -1, 0)); err != nil || len(got) != 0 {
		t.Errorf("the month before: %+v %v", got, err)
	}
	must(t, c.VerifyAudit(ctx))
}

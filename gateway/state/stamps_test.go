package state

import (
	"slices"
	"testing"
	"time"
)

func TestACertificateWaitsForItsTimeStampUntilItIsThere(t *testing.T) {
	c, ctx := open(t, WithStamps()), t.Context()
	c.mustCreate(t, "A", room, noon.Add(-time.Hour))
	sum := [32]byte{1, 2, 3}
	must(t, c.AddCertificate(ctx, keeper, Certificate{Number: "N1", Batch: "A", Version: 1, Made: noon, SHA256: sum, Request: "r"}))
	due, next, err := c.DueStamps(ctx, noon, 10)
	must(t, err)
	if len(due) != 1 || due[0] != (DueStamp{"N1", noon, sum, 0}) || !next.IsZero() {
		t.Fatalf("%+v %s", due, next)
	}
	later := noon.Add(time.Minute)
	must(t, c.StampFailed(ctx, decider, "N1", "503 Service Unavailable", later))
	if due, next, err = c.DueStamps(ctx, noon, 10); err != nil || len(due) != 0 || !next.Equal(later) {
		t.Errorf("%+v %s %v", due, next, err)
	}
	if due, _, err = c.DueStamps(ctx, later, 10); err != nil || len(due) != 1 || due[0].Tries != 1 {
		t.Errorf("%+v %v", due, err)
	}
	answer := [32]byte{9}
	for range 2 { // the second one changes nothing
		must(t, c.Stamped(ctx, decider, "N1", later, "CN=tsa", answer))
	}
	if due, next, err = c.DueStamps(ctx, later.Add(time.Hour), 10); err != nil || len(due) != 0 || !next.IsZero() {
		t.Errorf("%+v %s %v", due, next, err)
	}
	got, err := c.Stamps(ctx, "A")
	must(t, err)
	if got["N1"] != (Stamp{Tries: 1, At: later, SHA256: answer}) {
		t.Errorf("%+v", got)
	}
	if said := c.actions(t, "N1"); !slices.Equal(said, []string{"certificate.stamped"}) {
		t.Error(said)
	}
}

func TestWithoutAnAuthorityNothingWaits(t *testing.T) {
	c, ctx := open(t), t.Context()
	c.mustCreate(t, "A", room, noon.Add(-time.Hour))
	must(t, c.AddCertificate(ctx, keeper, Certificate{Number: "N1", Batch: "A", Version: 1, Made: noon, Request: "r"}))
	if got, err := c.Stamps(ctx, "A"); err != nil || len(got) != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

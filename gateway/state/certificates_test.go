package state

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"
)

func TestACertificateIsNotedOnceAndForGood(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "A", room, noon.Add(-3*time.Hour))
	first := Certificate{Number: "A.1", Batch: "A", Version: 1, Request: "r1", Made: noon, SHA256: sha256.Sum256([]byte("x")), PageKey: sha256.Sum256([]byte("page"))}
	must(t, c.AddCertificate(t.Context(), keeper, first))
	if err := c.AddCertificate(t.Context(), keeper, Certificate{Number: "A.1b", Batch: "A", Version: 1, Request: "r2", Made: noon}); !errors.Is(err, ErrStale) {
		t.Errorf("a second version 1: %v", err)
	}
	second := Certificate{Number: "A.2", Batch: "A", Version: 2, Request: "r3", Made: noon.Add(time.Hour), Reason: "补到了读数"}
	must(t, c.AddCertificate(t.Context(), keeper, second))

	all, err := c.Certificates(t.Context(), "A")
	must(t, err)
	if len(all) != 2 || all[0].Number != "A.2" || all[0].Reason != "补到了读数" || all[1].SHA256 != first.SHA256 || all[1].By != keeper || !all[1].Made.Equal(noon) {
		t.Errorf("%+v", all)
	}
	if got, err := c.CertificateOfPage(t.Context(), first.PageKey); err != nil || got.Number != "A.1" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.CertificateOfPage(t.Context(), [sha256.Size]byte{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("one without a page has been found by nothing: %v", err)
	}
	if _, err := c.Certificate(t.Context(), "A.9"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, statement := range []string{"UPDATE certificates SET reason = 'x'", "DELETE FROM certificates"} {
		if _, err := c.writer.ExecContext(context.Background(), statement); err == nil {
			t.Errorf("%s was done", statement)
		}
	}
	must(t, c.VerifyAudit(t.Context()))
}

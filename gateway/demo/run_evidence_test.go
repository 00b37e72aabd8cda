package demo

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// TestOneLotHasEvidenceAndTheOthersNone: documents, a handover with a
// temperature, inspections and a release that holds; nobody has decided on any
// other lot.
func TestOneLotHasEvidenceAndTheOthersNone(t *testing.T) {
	start := time.Now().UTC().Truncate(time.Second)
	c, err := Build(Options{Seed: 1, Start: start, Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := &show{o: RunOptions{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler), Say: io.Discard}, start: start, county: c}
	defer s.closers.Close()
	if err := s.openCounty(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if err := s.book(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.evidence(t.Context()); err != nil {
		t.Fatal(err)
	}
	proven, _, err := s.county.proven()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range s.county.Batches {
		d, err := s.app.Custody().Dossier(t.Context(), b.ID)
		if err != nil {
			t.Fatal(err)
		}
		v := batch.InForce(d.Verdicts)
		switch {
		case b.ID != proven && v.Decision != batch.Undecided:
			t.Errorf("%s is %s", b.ID, v.Decision)
		case b.ID != proven:
		case v.Decision != batch.Released || len(d.Documents) != 3 || len(d.Inspections) != 2 || len(d.Handovers) != 1 || d.Handovers[0].ProductC == nil:
			t.Errorf("%s: %+v", b.ID, d.Dossier)
		case v.Second == "": // not a reading was delivered here, so that one person is not enough
			t.Errorf("%s was released by one person with nothing known of its way: %+v", b.ID, v)
		}
	}
}

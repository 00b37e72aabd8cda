package web

import (
	"context"
	"net/http"
)

// Traces tells a batch's history in the words of other systems.
type Traces interface {
	// EPCIS returns a batch's events as an EPCIS 2.0 document in JSON-LD that has
	// been checked, or an error that is ErrNotFound.
	EPCIS(ctx context.Context, batch string) ([]byte, error)
}

// epcis gives a batch's document out as a file that a partner's system takes.
func (s *Server) epcis(w http.ResponseWriter, r *http.Request) {
	document, err := s.epcisOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/ld+json")
	h.Set("Content-Disposition", `attachment; filename="`+r.PathValue("id")+`.epcis.jsonld"`) // the id has letters, digits and hyphens only
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(document) // who goes away in the middle has been told by his own side
}

func (s *Server) epcisOf(r *http.Request) ([]byte, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if !batchID.MatchString(id) {
		return nil, badInput("批次号不对："+clip(id), "that is no batch id: "+clip(id))
	}
	document, err := s.deps.Traces.EPCIS(r.Context(), id)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	return document, nil
}

package web

import (
	"net/http"

	"coldchain/alerting/exposure"
)

type exposureAnswer struct {
	Now stamp `json:"now"`
	exposure.Batch
}

func (s *Server) exposure(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if !batchID.MatchString(id) {
		return nil, badInput("批次号不对："+clip(id), "that is no batch id: "+clip(id))
	}
	b, err := s.deps.Exposures.Exposure(r.Context(), id)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	return exposureAnswer{stamp(s.opt.Now()), b}, nil
}

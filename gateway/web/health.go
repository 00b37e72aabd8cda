package web

import (
	"errors"
	"net/http"
)

// troubleJSON is what keeps the collector itself from working as it should, for
// every page: what it shows cannot be better than that.
type troubleJSON struct {
	Code string `json:"code"` // "clock", or "stalled" for all that has no word of its own
	Text string `json:"text"` // for the operator
}

func (s *Server) trouble() *troubleJSON {
	err := s.deps.Health.Health()
	if err == nil {
		return nil
	}
	code := "stalled"
	var named interface {
		error
		Code() string
	}
	if errors.As(err, &named) {
		code = named.Code()
	}
	return &troubleJSON{code, err.Error()}
}

// healthz says whether the collector's loops make progress, for supervisors
// and for people with curl.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"status": "ok", "now": stamp(s.opt.Now())}
	status := http.StatusOK
	if t := s.trouble(); t != nil {
		status = http.StatusServiceUnavailable
		answer["status"], answer["reason"] = t.Code, t.Text
	}
	writeJSON(w, status, answer)
}

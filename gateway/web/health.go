package web

import "net/http"

// healthz says whether the collector's loops make progress, for supervisors
// and for people with curl.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"status": "ok", "now": stamp(s.opt.Now())}
	status := http.StatusOK
	if err := s.deps.Health.Health(); err != nil {
		status = http.StatusServiceUnavailable
		answer["status"], answer["reason"] = "stalled", err.Error()
	}
	writeJSON(w, status, answer)
}

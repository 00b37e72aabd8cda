package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"coldchain/sensors"
)

// pointJSON is a point as /api/points tells it. Value is null when there is
// none; it may be old: stale says so, and age_s how old.
type pointJSON struct {
	ID        sensors.PointID  `json:"id"`
	Quantity  sensors.Quantity `json:"quantity"`
	Unit      sensors.Unit     `json:"unit"` // in SenML's notation
	Device    string           `json:"device"`
	Value     *float64         `json:"value"`
	Raw       *float64         `json:"raw,omitempty"`
	Quality   string           `json:"quality,omitempty"` // absent before the first reading
	Reason    sensors.Reason   `json:"reason,omitempty"`
	Time      *time.Time       `json:"time,omitempty"`
	AgeS      *float64         `json:"age_s,omitempty"`
	Stale     bool             `json:"stale"`
	IntervalS float64          `json:"interval_s"`
	High      *float64         `json:"high,omitempty"`
	Low       *float64         `json:"low,omitempty"`
	// Outside is "above" or "below" while the newest value is, also after data
	// stopped.
	Outside string `json:"outside,omitempty"`
}

func newPointJSON(s standing) pointJSON {
	p := pointJSON{ID: s.ID, Quantity: s.Quantity, Unit: s.Quantity.Unit(), Device: s.Device, Stale: s.stale,
		IntervalS: s.Interval.Seconds(), High: s.High, Low: s.Low}
	switch s.side {
	case above:
		p.Outside = "above"
	case below:
		p.Outside = "below"
	}
	if !s.Seen {
		return p
	}
	at, age := millisecond(s.Last.Time), s.age.Truncate(time.Millisecond).Seconds()
	p.Quality, p.Reason, p.Time, p.AgeS = s.Last.Quality.String(), s.Last.Reason, &at, &age
	if v, ok := s.Last.Value(); ok {
		p.Value = &v
	}
	if raw, ok := s.Last.Raw(); ok {
		p.Raw = &raw
	}
	return p
}

func (s *Server) points(w http.ResponseWriter, r *http.Request) {
	snap := s.o.Source(r.Context())
	points := make([]pointJSON, len(snap.Points))
	for i, p := range snap.Points {
		points[i] = newPointJSON(judge(p, snap.Now))
	}
	writeJSON(w, struct {
		Now    time.Time   `json:"now"`
		Site   string      `json:"site"`
		Points []pointJSON `json:"points"`
	}{millisecond(snap.Now), snap.Site, points})
}

// deviceJSON is a device as /api/devices tells it; the counters begin with the
// agent.
type deviceJSON struct {
	Name      string         `json:"name"`
	Bus       string         `json:"bus"`
	Profile   string         `json:"profile"`
	IntervalS float64        `json:"interval_s"`
	Polls     uint64         `json:"polls"`
	Failed    uint64         `json:"failed"`
	Failures  []Failure      `json:"failures"`
	Fault     sensors.Reason `json:"fault,omitempty"`
	LastPoll  *time.Time     `json:"last_poll,omitempty"`
	LastGood  *time.Time     `json:"last_good,omitempty"`
	LatencyMS float64        `json:"latency_ms"`
	UsualMS   float64        `json:"latency_usual_ms"`
}

func (s *Server) devices(w http.ResponseWriter, r *http.Request) {
	snap := s.o.Source(r.Context())
	devices := make([]deviceJSON, len(snap.Devices))
	for i, d := range snap.Devices {
		devices[i] = deviceJSON{Name: d.Name, Bus: d.Bus, Profile: d.Profile, IntervalS: d.Interval.Seconds(), Polls: d.Polls,
			Failed: d.Failed, Failures: append([]Failure{}, d.Failures...), Fault: d.Now,
			LastPoll: moment(d.LastPoll), LastGood: moment(d.LastGood), LatencyMS: milliseconds(d.Latency), UsualMS: milliseconds(d.Usual)}
	}
	writeJSON(w, struct {
		Now     time.Time    `json:"now"`
		Site    string       `json:"site"`
		Devices []deviceJSON `json:"devices"`
	}{millisecond(snap.Now), snap.Site, devices})
}

// status is the agent as a whole.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	snap := s.o.Source(r.Context())
	health := "ok"
	if snap.Health != nil {
		health = snap.Health.Error()
	}
	out := struct {
		Site        string     `json:"site"`
		Gateway     string     `json:"gateway"`
		Version     string     `json:"version"`
		Now         time.Time  `json:"now"`
		Clock       string     `json:"clock"`
		Health      string     `json:"health"`
		Connected   bool       `json:"connected"`
		Undelivered uint64     `json:"undelivered"`
		Oldest      *time.Time `json:"oldest_undelivered,omitempty"`
		Epoch       uint64     `json:"epoch"`
		Next        uint64     `json:"next"`
		Faults      []string   `json:"faults"`
		Siren       *bool      `json:"siren,omitempty"` // absent without one
	}{snap.Site, snap.Gateway, snap.Version, millisecond(snap.Now), snap.Clock, health, snap.Link.Connected, snap.Link.Undelivered,
		moment(snap.Link.Oldest), snap.Link.Epoch, snap.Link.Next, append([]string{}, snap.Faults...), nil}
	if s.o.Siren != nil {
		sounds := s.o.Siren.Active()
		out.Siren = &sounds
	}
	writeJSON(w, out)
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	if err := s.o.Source(r.Context()).Health; err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a reader that went away is nobody's error
}

func millisecond(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// moment is a time, or nil for "never".
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = millisecond(t)
	return &t
}

package web

import (
	"net/http"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
)

// UsePast is how zones were used in a stretch of the past: what a rehearsal of
// rules needs beside readings.
type UsePast struct {
	Disuses []duty.Disuse
	Stays   []ZoneStay
	Words   []TruckWords
}

// ZoneStay is a batch's time in a zone.
type ZoneStay struct {
	Batch string    `json:"batch"`
	Zone  string    `json:"zone"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to,omitzero"`   // absent: it is there still
	Out   string    `json:"out,omitempty"` // where it was before
	// Profile of its goods: what limits came with it; empty: nobody knows.
	Profile string `json:"profile,omitempty"`
}

// TruckWords are what was said of a truck, oldest first.
type TruckWords struct {
	Truck string      `json:"truck"`
	Words []TruckWord `json:"words"`
}

// TruckWord is what somebody said: that it is empty, or in which phase it is.
type TruckWord struct {
	At       time.Time  `json:"at"`
	By       string     `json:"by"`
	Empty    bool       `json:"empty,omitempty"`
	Phase    trip.Phase `json:"phase,omitempty"`
	Inferred trip.Phase `json:"inferred,omitempty"`
}

// PastJSON is UsePast as it leaves.
type PastJSON struct {
	Disuses []PastDisuse `json:"disuses"`
	Stays   []ZoneStay   `json:"stays"`
	Trucks  []TruckWords `json:"trucks"`
}

// PastDisuse is when a zone was out of use.
type PastDisuse struct {
	Zone  string          `json:"zone"`
	Kind  duty.DisuseKind `json:"kind"`
	From  time.Time       `json:"from"`
	Until time.Time       `json:"until"`
}

// pastUse answers how zones were used from..to.
func (s *Server) pastUse(r *http.Request) (any, error) {
	if err := onlyParams(r, "from", "to"); err != nil {
		return nil, err
	}
	from, errFrom := parseTime("from", r.URL.Query().Get("from"))
	to, errTo := parseTime("to", r.URL.Query().Get("to"))
	if err := firstError(errFrom, errTo); err != nil {
		return nil, err
	}
	if !from.Before(to) {
		return nil, badInput("from 应在 to 之前", "from must be before to")
	}
	past, err := s.deps.Usage.Past(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	out := PastJSON{Disuses: []PastDisuse{}, Stays: append([]ZoneStay{}, past.Stays...), Trucks: append([]TruckWords{}, past.Words...)}
	for _, d := range past.Disuses {
		out.Disuses = append(out.Disuses, PastDisuse{d.Zone, d.Kind, d.From, d.Until})
	}
	return out, nil
}

package web

import (
	"fmt"
	"net/http"

	"coldchain/alerting/duty"
	"coldchain/gateway/access"
)

type lackJSON struct {
	Site string `json:"site"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

type rosterJSON struct {
	Now     stamp       `json:"now"`
	Version int         `json:"version"`
	Telling bool        `json:"telling"`
	Roster  duty.Roster `json:"roster"`
	Plan    duty.Plan   `json:"plan"`
	PINs    []string    `json:"pins"` // persons who have one
	Lacks   []lackJSON  `json:"lacks"`
}

func (s *Server) roster(p Roster) rosterJSON {
	out := rosterJSON{stamp(s.opt.Now()), p.Version, p.Telling, p.Roster, p.Plan, append([]string{}, p.PINs...), []lackJSON{}}
	if out.Roster.Persons == nil {
		out.Roster.Persons = []duty.Person{}
	}
	for _, l := range p.Lacks {
		out.Lacks = append(out.Lacks, lackJSON(l))
	}
	return out
}

func (s *Server) people(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	p, err := s.deps.People.People(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read the roster: %w", err)
	}
	if !whoOf(r).Has(access.Admin, access.Manager) { // who keeps the roster reads its numbers
		p.Roster = hidden(p.Roster)
	}
	return s.roster(p), nil
}

type rosterInput struct {
	Version int         `json:"version"` // of what was changed
	Roster  duty.Roster `json:"roster"`
	Plan    duty.Plan   `json:"plan"`
	actorInput
}

func (s *Server) putPeople(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	var in rosterInput
	if err := readUpTo(maxRoster, r, &in, false); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	kept, err := s.deps.People.People(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read the roster: %w", err)
	}
	p, err := s.deps.People.PutPeople(r.Context(), in.by(r), in.Version, unhidden(in.Roster, kept.Roster), in.Plan)
	if err != nil {
		return nil, stateError(err, "名单", "the roster")
	}
	return s.roster(p), nil
}

// maxRoster bounds a roster: a thousand people with their hours.
const maxRoster = 1 << 20

// mostDrills is half a year of them.
const mostDrills = 26

type drilledJSON struct {
	Person   string   `json:"person"`
	Name     string   `json:"name"`
	Told     stamp    `json:"told_at"`
	Answered stamp    `json:"answered_at"`
	Seconds  *float64 `json:"seconds"` // null: not answered, or not reached
}

type drillJSON struct {
	At      stamp         `json:"at"`
	Persons []drilledJSON `json:"persons"`
}

type drillsAnswer struct {
	Now    stamp       `json:"now"`
	Drills []drillJSON `json:"drills"`
}

func (s *Server) drills(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	found, err := s.deps.People.Drills(r.Context(), mostDrills)
	if err != nil {
		return nil, fmt.Errorf("list drills: %w", err)
	}
	out := drillsAnswer{stamp(s.opt.Now()), []drillJSON{}}
	for _, d := range found {
		drill := drillJSON{stamp(d.At), []drilledJSON{}}
		for _, p := range d.Persons {
			one := drilledJSON{p.Person, p.Name, stamp(p.Told), stamp(p.Answered), nil}
			if !p.Told.IsZero() && !p.Answered.IsZero() {
				seconds := max(0, p.Answered.Sub(p.Told).Seconds())
				one.Seconds = &seconds
			}
			drill.Persons = append(drill.Persons, one)
		}
		out.Drills = append(out.Drills, drill)
	}
	return out, nil
}

type channelJSON struct {
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	Proved    stamp   `json:"proved_at"`
	Taken     int64   `json:"taken_7d"`
	Failed    int64   `json:"failed_7d"`
	LastError *string `json:"last_error"`
}

type channelsAnswer struct {
	Now      stamp         `json:"now"`
	Channels []channelJSON `json:"channels"`
}

func (s *Server) channels(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	found, err := s.deps.People.Channels(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	out := channelsAnswer{stamp(s.opt.Now()), []channelJSON{}}
	for _, c := range found {
		one := channelJSON{c.Name, c.Kind, stamp(c.Proved), c.Taken, c.Failed, nil}
		if c.LastError != "" {
			one.LastError = &c.LastError
		}
		out.Channels = append(out.Channels, one)
	}
	return out, nil
}

package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
	"coldchain/gateway/config"
)

// Usage is which zones are in use, and what trucks do. Whoever acts is named by
// the request; a name or id of the roster is that person.
type Usage interface {
	// UseOf answers from memory how a zone is used now.
	UseOf(zone string) ZoneUse
	// Disuses returns the zones out of use that have not ended.
	Disuses(ctx context.Context) ([]duty.Disuse, error)
	// TakeOutOfUse and BringIntoUse begin and end one now. A *Refused says why
	// not.
	TakeOutOfUse(ctx context.Context, by Actor, d duty.Disuse) (duty.Disuse, error)
	BringIntoUse(ctx context.Context, by Actor, id string) error
	// Past says how zones were used from..to.
	Past(ctx context.Context, from, to time.Time) (UsePast, error)
	// SayOfTruck records the phase that a truck is in, or that its box is empty,
	// at s.At (zero: now); the same word again is harmless. ErrNotFound when the site is no truck that is followed.
	SayOfTruck(ctx context.Context, by Actor, truck string, s trip.Say) error
}

// ZoneUse is how a zone is used.
type ZoneUse struct {
	Disuse *duty.Disuse // nil: it is in use
	Truck  *trip.Status // of a truck's box
	// Resting is ISA-18.2's word for limits of goods that do not hold now:
	// out-of-service or suppressed. Empty: they hold.
	Resting alerting.State
}

// Same reports whether two look the same to a person.
func (u ZoneUse) Same(v ZoneUse) bool {
	if (u.Disuse == nil) != (v.Disuse == nil) || (u.Truck == nil) != (v.Truck == nil) {
		return false
	}
	return u.Resting == v.Resting && (u.Disuse == nil || *u.Disuse == *v.Disuse) && (u.Truck == nil || *u.Truck == *v.Truck)
}

// useJSON is part of a zone, and of a live event.
type useJSON struct {
	Disuse *disuseJSON `json:"disuse"` // null: in use
	Truck  *truckJSON  `json:"truck"`  // null: no truck's box
	// Limits says whether limits of goods hold: armed, or in ISA-18.2's words
	// out-of-service or suppressed.
	Limits string `json:"limits_state"`
}

type disuseJSON struct {
	ID     string          `json:"id"`
	Zone   string          `json:"zone"`
	Kind   duty.DisuseKind `json:"kind"`
	From   stamp           `json:"from"`
	Until  stamp           `json:"until"`
	Reason string          `json:"reason"`
	By     string          `json:"by"`
}

type truckJSON struct {
	Phase     trip.Phase `json:"phase"`
	Since     stamp      `json:"since"`    // null: nobody knows
	Inferred  trip.Phase `json:"inferred"` // what the evidence says
	By        string     `json:"by"`       // who corrected it; empty: nobody
	Load      trip.Load  `json:"load"`
	LoadSince stamp      `json:"load_since"`
	Armed     bool       `json:"armed"`
	Moving    bool       `json:"moving"`
	Place     string     `json:"place"` // site where it stands; empty elsewhere
}

func disuseOf(d duty.Disuse) disuseJSON {
	return disuseJSON{d.ID, d.Zone, d.Kind, stamp(d.From), stamp(d.Until), d.Reason, d.By}
}

func (s *Server) useOf(zone string) (out useJSON) {
	out.Limits = "armed"
	if s.deps.Usage == nil {
		return out
	}
	use := s.deps.Usage.UseOf(zone)
	if use.Resting != "" {
		out.Limits = string(use.Resting)
	}
	if use.Disuse != nil {
		d := disuseOf(*use.Disuse)
		out.Disuse = &d
	}
	if t := use.Truck; t != nil {
		out.Truck = &truckJSON{t.Phase, stamp(t.Since), t.Inferred, t.By, t.Load, stamp(t.LoadSince), t.Armed, t.Moving, t.Place}
	}
	return out
}

type zoneUseJSON struct {
	Zone string `json:"zone"`
	useJSON
}

type usesAnswer struct {
	Now  stamp         `json:"now"`
	Uses []zoneUseJSON `json:"uses"`
}

func (s *Server) usesOf(zones []string) []zoneUseJSON {
	out := []zoneUseJSON{}
	for _, z := range zones {
		if _, known := s.index.zones[z]; known {
			out = append(out, zoneUseJSON{z, s.useOf(z)})
		}
	}
	return out
}

type disusesAnswer struct {
	Now     stamp        `json:"now"`
	Disuses []disuseJSON `json:"disuses"`
	paging
}

func (s *Server) disuses(r *http.Request) (any, error) {
	if err := onlyParams(r, "limit", "cursor"); err != nil {
		return nil, err
	}
	found, err := s.deps.Usage.Disuses(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list zones out of use: %w", err)
	}
	out := disusesAnswer{stamp(s.opt.Now()), []disuseJSON{}, paging{}}
	for _, d := range inReach(r, found, func(d duty.Disuse) string { return d.Zone }) {
		out.Disuses = append(out.Disuses, disuseOf(d))
	}
	out.Disuses, out.paging, err = pageOf(r, out.Disuses, func(d disuseJSON) string { return d.ID })
	return out, err
}

type disuseInput struct {
	Zone   string `json:"zone"`
	Kind   string `json:"kind"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
	actorInput
}

type disuseAnswer struct {
	Now    stamp         `json:"now"`
	Disuse disuseJSON    `json:"disuse"`
	Uses   []zoneUseJSON `json:"uses"`
}

func (s *Server) takeOutOfUse(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	var in disuseInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	d := duty.Disuse{Zone: in.Zone, Kind: duty.DisuseKind(in.Kind), Reason: strings.TrimSpace(in.Reason)}
	if d.Kind != duty.SwitchedOff && d.Kind != duty.StandsEmpty {
		return nil, badInput("kind 只能是 switched-off（停用）或 empty（空库）", "kind must be switched-off or empty")
	}
	until, err := parseTime("until", in.Until)
	if err := firstError(s.goodsZone(in.Zone), err, checkText("reason", in.Reason, 200, true), in.check(true)); err != nil {
		return nil, err
	}
	if now := s.opt.Now(); !until.After(now) || until.Sub(now) > duty.MaxDisuse-time.Hour {
		return nil, badInput("until 应在现在之后，最长 400 天", "until must be after now, at most 400 days")
	}
	d.Until = until
	made, err := s.deps.Usage.TakeOutOfUse(r.Context(), in.by(r), d)
	if err != nil {
		return nil, stateError(err, "库区 "+in.Zone, "zone "+in.Zone)
	}
	return created{disuseAnswer{stamp(s.opt.Now()), disuseOf(made), s.usesOf([]string{made.Zone})}}, nil
}

func (s *Server) bringIntoUse(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	var in actorInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if err := firstError(checkText("id", id, 64, true), in.check(true)); err != nil {
		return nil, err
	}
	before, err := s.deps.Usage.Disuses(r.Context())
	if err == nil {
		err = s.deps.Usage.BringIntoUse(r.Context(), in.by(r), id)
	}
	if err != nil {
		return nil, stateError(err, "这条停用记录", "such disuse")
	}
	var zones []string
	for _, d := range before {
		if d.ID == id {
			zones = append(zones, d.Zone)
		}
	}
	return usesAnswer{stamp(s.opt.Now()), s.usesOf(zones)}, nil
}

type phaseInput struct {
	Phase string `json:"phase"`
	At    string `json:"at"` // when it was said; default now
	actorInput
}

func (s *Server) sayPhase(r *http.Request) (any, error) {
	var in phaseInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if !slices.Contains(trip.Phases(), trip.Phase(in.Phase)) {
		return nil, badInput("phase 只能是 idle、conditioning、loading、in-transit、unloading 或 returning",
			"phase must be idle, conditioning, loading, in-transit, unloading or returning")
	}
	at, err := s.timeOf(in.At)
	if err != nil {
		return nil, err
	}
	return s.sayOfTruck(r, in.self(), trip.Say{At: at, Phase: trip.Phase(in.Phase)})
}

type emptyInput struct {
	At string `json:"at"` // when somebody looked; default now
	actorInput
}

func (s *Server) sayEmpty(r *http.Request) (any, error) {
	var in emptyInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	at, err := s.timeOf(in.At)
	if err != nil {
		return nil, err
	}
	return s.sayOfTruck(r, in.self(), trip.Say{At: at, Empty: true})
}

func (s *Server) sayOfTruck(r *http.Request, who actorInput, say trip.Say) (any, error) {
	if err := firstError(onlyParams(r), who.check(true)); err != nil {
		return nil, err
	}
	site := r.PathValue("site")
	i := slices.IndexFunc(s.deps.County.Sites, func(x Site) bool { return x.ID == site && x.Kind == config.Truck })
	if i < 0 {
		return nil, notFound("没有这辆车："+clip(site), "there is no such truck: "+clip(site))
	}
	if err := s.deps.Usage.SayOfTruck(r.Context(), who.by(r), site, say); err != nil {
		return nil, stateError(err, "车辆 "+site, "truck "+site)
	}
	zones := []string{}
	for _, z := range s.deps.County.Sites[i].Zones {
		zones = append(zones, z.ID)
	}
	return usesAnswer{stamp(s.opt.Now()), s.usesOf(zones)}, nil
}

package web

import (
	"fmt"
	"net/http"
	"strings"

	"coldchain/alerting/duty"
	"coldchain/sensors"
)

type outageJSON struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Kind   string `json:"kind"`
	From   stamp  `json:"from"`
	Until  stamp  `json:"until"`
	Reason string `json:"reason"`
	By     string `json:"by"`
}

func outageOf(o duty.Outage) outageJSON {
	kind := string(o.Kind)
	if o.Kind == duty.PlannedOutage {
		kind = "outage"
	}
	return outageJSON{o.ID, o.Object, kind, stamp(o.From), stamp(o.Until), o.Reason, o.By}
}

type outagesAnswer struct {
	Now     stamp        `json:"now"`
	Outages []outageJSON `json:"outages"`
	paging
}

func (s *Server) outages(r *http.Request) (any, error) {
	if err := onlyParams(r, "limit", "cursor"); err != nil {
		return nil, err
	}
	found, err := s.deps.Outages.Outages(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list outages: %w", err)
	}
	out := outagesAnswer{stamp(s.opt.Now()), []outageJSON{}, paging{}}
	for _, o := range found {
		out.Outages = append(out.Outages, outageOf(o))
	}
	out.Outages, out.paging, err = pageOf(r, out.Outages, func(o outageJSON) string { return o.ID })
	return out, err
}

type outageInput struct {
	Object string `json:"object"`
	Kind   string `json:"kind"`
	From   string `json:"from"` // empty: now
	Until  string `json:"until"`
	Reason string `json:"reason"`
	actorInput
}

type outageAnswer struct {
	Now    stamp      `json:"now"`
	Outage outageJSON `json:"outage"`
}

func (s *Server) planOutage(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	var in outageInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	o, err := s.outage(in.Object, in.Kind, in.From, in.Until)
	if err := firstError(err, checkText("reason", in.Reason, 200, true), in.check(true)); err != nil {
		return nil, err
	}
	o.Reason = in.Reason
	made, err := s.deps.Outages.PlanOutage(r.Context(), in.by(r), o)
	if err != nil {
		return nil, stateError(err, "计划停电或检修", "the outage")
	}
	return created{outageAnswer{stamp(s.opt.Now()), outageOf(made)}}, nil
}

// outage checks what a request plans.
func (s *Server) outage(object, kind, from, until string) (duty.Outage, error) {
	o := duty.Outage{Object: object, From: s.opt.Now().UTC()}
	switch kind {
	case "outage":
		o.Kind = duty.PlannedOutage
	case "maintenance":
		o.Kind = duty.Maintenance
	default:
		return o, badInput("kind 只能是 outage 或 maintenance", "kind must be outage or maintenance")
	}
	if !s.knows(object) {
		return o, notFound("没有这个站点、库区或测点："+clip(object), "there is no such site, zone or point: "+clip(object))
	}
	var err error
	if from != "" {
		if o.From, err = parseTime("from", from); err != nil {
			return o, err
		}
	}
	if o.Until, err = parseTime("until", until); err != nil {
		return o, err
	}
	if d := o.Until.Sub(o.From); d <= 0 || d > duty.MaxOutage || !o.Until.After(s.opt.Now()) {
		return o, badInput("until 应在 from 和现在之后，最长 31 天", "until must be after from and after now, at most 31 days")
	}
	return o, nil
}

// knows reports whether a site, a zone or a point is the county's.
func (s *Server) knows(object string) bool {
	switch strings.Count(object, "/") {
	case 0:
		for _, site := range s.deps.County.Sites {
			if site.ID == object {
				return true
			}
		}
		return false
	case 1:
		_, ok := s.index.zones[object]
		return ok
	}
	_, ok := s.index.points[sensors.PointID(object)]
	return ok
}

type nowAnswer struct {
	Now stamp `json:"now"`
}

func (s *Server) endOutage(r *http.Request) (any, error) {
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
	if err := s.deps.Outages.EndOutage(r.Context(), in.by(r), id); err != nil {
		return nil, stateError(err, "这项计划", "such outage")
	}
	return nowAnswer{stamp(s.opt.Now())}, nil
}

package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"coldchain/gateway/access"
)

type reachKey struct{}

// reachOf is how far the grants go by which a request was let in: lists show what
// lies in it.
func reachOf(r *http.Request) access.Reach {
	reach, _ := r.Context().Value(reachKey{}).(access.Reach)
	return reach
}

// narrowed is a reach as lists take it: nil where it has no bounds.
func narrowed(r *http.Request) *access.Reach {
	reach := reachOf(r)
	if reach.All {
		return nil
	}
	return &reach
}

// siteOf is the site of a zone, point or other object.
func siteOf(id string) string {
	site, _, _ := strings.Cut(id, "/")
	return site
}

func at(ids ...string) []access.Place {
	var out []access.Place
	for _, id := range ids {
		out = append(out, access.Place{Sites: []string{siteOf(id)}})
	}
	return out
}

// wholeCounty is the place of what has none.
func wholeCounty() []access.Place { return []access.Place{{County: true}} }

// places finds where what a request is about lies. What does not exist is
// nowhere: the request goes on and is told so.
func (s *Server) places(r *http.Request, rule access.Rule) ([]access.Place, error) {
	get, id := r.URL.Query().Get, r.PathValue("id")
	switch rule.Object {
	case access.Nothing, access.Self, access.Lists, access.Form:
		return nil, nil
	case access.Site:
		return at(r.PathValue("site")), nil
	case access.Point:
		return at(get("point")), nil
	case access.Question:
		return s.questionPlaces(r)
	case access.Trip:
		if truck := truckOf(id); truck != "" {
			return at(truck), nil
		}
		return nil, nil
	case access.Alarm:
		return s.alarmPlace(r, id)
	case access.Batch:
		return s.batchPlace(r, id, false)
	case access.Certificate:
		batch, _, _ := strings.Cut(r.PathValue("number"), ".") // a number begins with its batch
		return s.batchPlace(r, batch, false)
	case access.Goods:
		return s.batchPlace(r, id, true)
	case access.Moved:
		return s.movedPlaces(r, id)
	case access.Body:
		return s.bodyPlaces(r)
	case access.Disuse:
		return s.disusePlace(r, id)
	case access.Outage:
		return s.outagePlace(r, id)
	}
	return wholeCounty(), nil
}

func (s *Server) alarmPlace(r *http.Request, id string) ([]access.Place, error) {
	a, err := s.deps.Alarms.Alarm(r.Context(), id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find out where alarm %s is: %w", id, err)
	}
	return []access.Place{placeOfAlarm(a)}, nil
}

func placeOfAlarm(a Alarm) access.Place {
	object := a.Zone
	if object == "" {
		object = a.Object
	}
	p := access.Place{Sites: []string{siteOf(object)}}
	for _, b := range a.Batches {
		p.Owners = append(p.Owners, b.Batch.Owner)
	}
	return p
}

// batchPlace is wherever a batch lay; only its last stay counts for what is done
// with the goods themselves (lies).
func (s *Server) batchPlace(r *http.Request, id string, lies bool) ([]access.Place, error) {
	h, err := s.deps.Batches.Batch(r.Context(), id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find out where batch %s is: %w", id, err)
	}
	return []access.Place{placeOfBatch(h, lies)}, nil
}

func placeOfBatch(h BatchHistory, lies bool) access.Place {
	p := access.Place{Owners: []string{h.Owner}}
	for _, c := range slices.Backward(h.Custody) {
		if c.Zone == "" {
			continue
		}
		p.Sites = append(p.Sites, siteOf(c.Zone))
		if lies {
			break
		}
	}
	return p
}

// questionPlaces are all that a query names; one that names none is of the county.
func (s *Server) questionPlaces(r *http.Request) (out []access.Place, err error) {
	get := r.URL.Query().Get
	if batch := get("batch"); batch != "" {
		if out, err = s.batchPlace(r, batch, false); err != nil || out == nil {
			return nil, err
		}
	}
	for _, name := range []string{"zone", "site"} {
		if get(name) != "" {
			out = append(out, at(get(name))...)
		}
	}
	if truck := truckOf(get("trip")); truck != "" {
		out = append(out, at(truck)...)
	}
	if out == nil {
		return wholeCounty(), nil
	}
	return out, nil
}

// movedPlaces: a batch may be moved by who has it, and by who has the room that
// it comes into.
func (s *Server) movedPlaces(r *http.Request, id string) ([]access.Place, error) {
	lies, err := s.batchPlace(r, id, true)
	if err != nil || lies == nil {
		return nil, err
	}
	b, err := peek(r)
	if err != nil {
		return nil, err
	}
	for _, zone := range []string{b.Zone, b.Move.Zone} {
		if zone != "" {
			lies[0].Sites = append(lies[0].Sites, siteOf(zone))
		}
	}
	return lies, nil
}

// placed is what a body says of places, whatever else there is in it.
type placed struct {
	Zone    string
	Site    string
	Object  string
	Zones   []string
	Move    struct{ Zone string }
	Inputs  []struct{ ID string }
	Outputs []struct{ Zone string }
}

// maxPeek is as large as the largest body that names places.
const maxPeek = maxRoster

// peek reads what a body says of places and leaves it to be read again. One that
// is no such JSON says nothing: whoever reads it refuses it, but who reaches less
// than the county has been refused before.
func peek(r *http.Request) (p placed, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPeek+1))
	if err != nil {
		return p, badInput("请求没有收完整，请重发", "the request did not arrive whole; send it again")
	}
	r.Body = rejoined{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	if json.Unmarshal(body, &p) != nil {
		return placed{}, nil
	}
	return p, nil
}

type rejoined struct {
	io.Reader
	io.Closer
}

// bodyPlaces are all places that a body names. One that names none is of the
// county.
func (s *Server) bodyPlaces(r *http.Request) (out []access.Place, err error) {
	b, err := peek(r)
	if err != nil {
		return nil, err
	}
	for _, in := range b.Inputs {
		found, err := s.batchPlace(r, in.ID, true)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	named := slices.Concat([]string{b.Zone, b.Site, b.Object, b.Move.Zone}, b.Zones)
	for _, o := range b.Outputs {
		named = append(named, o.Zone)
	}
	for _, id := range named {
		if id != "" {
			out = append(out, at(id)...)
		}
	}
	if len(out) == 0 {
		return wholeCounty(), nil
	}
	return out, nil
}

func (s *Server) disusePlace(r *http.Request, id string) ([]access.Place, error) {
	found, err := s.deps.Usage.Disuses(r.Context())
	if err != nil {
		return nil, fmt.Errorf("find out where a disuse is: %w", err)
	}
	for _, d := range found {
		if d.ID == id {
			return at(d.Zone), nil
		}
	}
	return nil, nil
}

func (s *Server) outagePlace(r *http.Request, id string) ([]access.Place, error) {
	found, err := s.deps.Outages.Outages(r.Context())
	if err != nil {
		return nil, fmt.Errorf("find out where an outage is: %w", err)
	}
	for _, o := range found {
		if o.ID == id {
			return at(o.Object), nil
		}
	}
	return nil, nil
}

// own leaves of an alarm's batches those of somebody who has no rooms.
func own(reach access.Reach, a Alarm) Alarm {
	if !reach.Covers(access.Place{Sites: placeOfAlarm(a).Sites}) {
		a.Batches = slices.DeleteFunc(slices.Clone(a.Batches), func(b ExposedBatch) bool { return !slices.Contains(reach.Parties, b.Batch.Owner) })
	}
	return a
}

// inReach leaves of a list what lies in a request's reach.
func inReach[T any](r *http.Request, all []T, site func(T) string) []T {
	reach := reachOf(r)
	if reach.All {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(x T) bool { return !reach.Site(siteOf(site(x))) })
}

// reaches returns an error when a zone of a list that was sent lies elsewhere.
func reaches(r *http.Request, zone string) error {
	if zone != "" && !reachOf(r).Site(siteOf(zone)) {
		return &apiError{http.StatusForbidden, string(access.OutOfReach), "这不在您负责的地点范围内：" + clip(zone), "this is not among your sites: " + clip(zone)}
	}
	return nil
}

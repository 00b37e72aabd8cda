package web

import (
	"fmt"
	"net/http"

	"coldchain/gateway/pin"
	"coldchain/sensors"
)

// The codes of what is wrong with a PIN. The page asks again by them.
const (
	PINNeeded = "pin-needed" // none was given
	PINUnset  = "pin-unset"  // the person has not chosen one yet
	PINWrong  = "pin-wrong"
	PINWait   = "pin-wait" // too many wrong ones
	// NameNeeded: on a shared device a name of the roster comes first.
	NameNeeded = "name-needed"
)

// pathPerson is the person that a request is about.
func pathPerson(r *http.Request) (string, error) {
	if err := onlyParams(r); err != nil {
		return "", err
	}
	id := r.PathValue("id")
	if !sensors.IsSlug(id) || len(id) > 100 {
		return "", badInput("人员代号不对", "that is no person's id")
	}
	return id, nil
}

type pinInput struct {
	actorInput         // who sets it, with his own PIN
	Fresh      pin.PIN `json:"new"`
}

func (s *Server) setPIN(r *http.Request) (any, error) {
	id, err := pathPerson(r)
	if err != nil {
		return nil, err
	}
	var in pinInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	if err := s.deps.People.SetPIN(r.Context(), in.by(r), id, in.Fresh); err != nil {
		return nil, personError(err, id)
	}
	return s.pins(r)
}

func (s *Server) forgetPIN(r *http.Request) (any, error) {
	id, err := pathPerson(r)
	if err != nil {
		return nil, err
	}
	var in actorInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	if err := s.deps.People.ForgetPIN(r.Context(), in.by(r), id); err != nil {
		return nil, personError(err, id)
	}
	return s.pins(r)
}

func personError(err error, id string) error { return stateError(err, "人员 "+id, "person "+id) }

type pinsAnswer struct {
	Now  stamp    `json:"now"`
	PINs []string `json:"pins"`
}

// pins answers with who has a PIN now.
func (s *Server) pins(r *http.Request) (any, error) {
	p, err := s.deps.People.People(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read who has a PIN: %w", err)
	}
	return pinsAnswer{stamp(s.opt.Now()), append([]string{}, p.PINs...)}, nil
}

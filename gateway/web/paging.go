package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Mark is a place in a list that the store keeps in order: after the entry that
// it names. It stays where it is when others are added.
type Mark struct {
	Open bool // needs somebody; of an alarm
	Time time.Time
	ID   string
}

// paging is part of the answer of every list: the cursor of the next page, empty
// on the last one.
type paging struct {
	Next string `json:"next,omitempty"`
}

func (p paging) nextPage() string { return p.Next }

// cursor is what a Mark looks like outside: opaque, so that nobody makes his own.
type cursor struct {
	Open bool   `json:"o,omitempty"`
	MS   int64  `json:"t,omitempty"`
	ID   string `json:"i"`
}

func (c cursor) String() string {
	text, _ := json.Marshal(c) // two words and a number
	return base64.RawURLEncoding.EncodeToString(text)
}

// cursorOf reads a request's cursor; ok is false without one.
func cursorOf(r *http.Request) (c cursor, ok bool, err error) {
	given := r.URL.Query().Get("cursor")
	if given == "" {
		return c, false, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(given)
	if err == nil && len(given) < 400 {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.ID == "" {
		return c, false, badInput("cursor 应是上一页答复里的 next", "a cursor is the `next` of the page before")
	}
	return c, true, nil
}

// markOf reads a request's cursor as a place in a list of the store; nil: from its
// beginning.
func markOf(r *http.Request) (*Mark, error) {
	c, ok, err := cursorOf(r)
	if !ok {
		return nil, err
	}
	return &Mark{c.Open, time.UnixMilli(c.MS).UTC(), c.ID}, nil
}

// after is the cursor behind an entry.
func after(open bool, at time.Time, id string) paging {
	return paging{cursor{open, at.UnixMilli(), id}.String()}
}

// pageOf is a page of a list that is whole in memory, by `limit` and `cursor` of
// the request. id names an entry. A list whose last entry of the page before is
// gone has to be begun anew.
func pageOf[T any](r *http.Request, all []T, id func(T) string) ([]T, paging, error) {
	limit, err := wholeNumber(r, "limit", maxList, maxList)
	if err != nil {
		return nil, paging{}, err
	}
	c, ok, err := cursorOf(r)
	if err != nil {
		return nil, paging{}, err
	}
	if ok {
		i := slices.IndexFunc(all, func(x T) bool { return id(x) == c.ID })
		if i < 0 {
			return nil, paging{}, &apiError{http.StatusGone, "cursor-over", "列表已变，请从头再取", "the list has changed; begin anew without a cursor"}
		}
		all = all[i+1:]
	}
	if len(all) <= limit {
		return all, paging{}, nil
	}
	return all[:limit], paging{cursor{ID: id(all[limit-1])}.String()}, nil
}

// linkNext says in a header where the next page of an answer is (RFC 8288).
func linkNext(h http.Header, r *http.Request, answer any) {
	p, ok := answer.(interface{ nextPage() string })
	if !ok || p.nextPage() == "" {
		return
	}
	q := r.URL.Query()
	q.Set("cursor", p.nextPage())
	h.Set("Link", "<"+r.URL.EscapedPath()+"?"+q.Encode()+`>; rel="next"`)
}

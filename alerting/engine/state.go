package engine

import (
	"fmt"
	"sort"
	"strings"

	"coldchain/sensors"

	"coldchain/alerting/blob"
)

// The keys of the state: one small JSON object for the engine, for each site
// and for each point. The format is in DESIGN.md.
const (
	engineKey    = "engine"
	sitePrefix   = "site/"
	pointPrefix  = "point/"
	stateVersion = 1
)

// Dirty returns the state that changed since the last call, by key; nil means
// that the key is gone. The caller owns the bytes and commits them in the
// transaction that records the readings as judged.
func (e *Engine) Dirty() map[string][]byte {
	n := len(e.dirtyPoints) + len(e.dirtySites) + len(e.gone) + 1
	out := make(map[string][]byte, n)
	// One allocation for many objects; those that have grown make another.
	buf := make([]byte, 0, n*(e.blob+64))
	put := func(key string, write func([]byte) []byte) {
		from := len(buf)
		buf = write(buf)
		out[key] = buf[from:len(buf):len(buf)]
	}
	for _, key := range e.gone {
		out[key] = nil
	}
	for _, p := range e.dirtyPoints {
		put(p.key, p.appendState)
		p.dirty = false
	}
	for _, s := range e.dirtySites {
		put(s.key, s.appendState)
		s.dirty = false
	}
	if e.dirtyEngine {
		put(engineKey, e.appendState)
	}
	e.blob = len(buf) / n
	e.dirtyPoints, e.dirtySites, e.gone, e.dirtyEngine = e.dirtyPoints[:0], e.dirtySites[:0], nil, false
	return out
}

// Restore puts a new engine into the state that another one had: the union of
// all its Dirty. State of a point or site that is not configured any more is
// kept while an alarm is open in it (it may be configured again) and is
// otherwise reported as gone by the next Dirty. A pending limit line that the
// configuration does not have any more is forgotten; an open alarm goes on by
// the limits frozen into it. On error, which names the key, nothing is changed.
func (e *Engine) Restore(state map[string][]byte) error {
	var apply []func()
	keys := make([]string, 0, len(state))
	for key, blob := range state {
		if blob != nil { // gone
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	sites := make(map[string]*site, len(e.sites))
	for _, s := range e.sites {
		sites[s.id] = s
	}
	for _, key := range keys {
		do, err := e.restoreKey(key, state[key], sites)
		if err != nil {
			return fmt.Errorf("engine state %q: %w", key, err)
		}
		apply = append(apply, do)
	}
	for _, do := range apply {
		do()
	}
	e.dirtyPoints = cleaned(e.dirtyPoints, func(p *point) bool { return p.dirty })
	e.dirtySites = cleaned(e.dirtySites, func(s *site) bool { return s.dirty })
	return nil
}

func (e *Engine) restoreKey(key string, text []byte, sites map[string]*site) (func(), error) {
	kind, id, _ := strings.Cut(key, "/")
	switch {
	case key == engineKey:
		var st engineState
		if err := blob.Decode(text, &st, &st.Version, stateVersion); err != nil {
			return nil, err
		}
		return func() { e.reconnected = max(e.reconnected, int64(st.Reconnected)) }, nil
	case kind == "site":
		var st siteState
		if err := blob.Decode(text, &st, &st.Version, stateVersion); err != nil {
			return nil, err
		}
		s := sites[id]
		if s == nil {
			return e.drop(key, st.Silence != nil), nil
		}
		return func() { s.restore(&st) }, nil
	case kind == "point":
		var st pointState
		if err := blob.Decode(text, &st, &st.Version, stateVersion); err != nil {
			return nil, err
		}
		recent, lateRecent, err := st.times()
		if err != nil {
			return nil, err
		}
		p := e.byID[sensors.PointID(id)]
		if p == nil {
			return e.drop(key, st.open()), nil
		}
		return func() { p.restore(&st, recent, lateRecent) }, nil
	}
	return nil, fmt.Errorf("key is not engine, site/… or point/…")
}

func (e *Engine) drop(key string, open bool) func() {
	return func() {
		if !open {
			e.gone = append(e.gone, key)
		}
	}
}

func cleaned[T any](list []T, dirty func(T) bool) []T {
	out := list[:0]
	for _, x := range list {
		if dirty(x) {
			out = append(out, x)
		}
	}
	return out
}

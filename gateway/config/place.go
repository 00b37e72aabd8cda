package config

import (
	"fmt"
	"strconv"
	"strings"
)

// place names a value inside a configuration. Steps are joined by a character
// that cannot be typed in a key by mistake, so that keys with dots stay apart.
type place string

const stepSeparator = "\x1f"

func (p place) key(k string) place {
	if p == "" {
		return place(k)
	}
	return p + stepSeparator + place(k)
}

func (p place) index(i int) place { return p.key("[" + strconv.Itoa(i) + "]") }

// parent returns the place that holds p, and false at the top.
func (p place) parent() (place, bool) {
	if p == "" {
		return "", false
	}
	i := strings.LastIndex(string(p), stepSeparator)
	if i < 0 {
		return "", true
	}
	return p[:i], true
}

// String writes the place as people do: sites[2].zones[0].kind.
func (p place) String() string {
	return strings.ReplaceAll(strings.ReplaceAll(string(p), stepSeparator+"[", "["), stepSeparator, ".")
}

// source is where a configuration was read from: which line each value stands
// on and which values could not be understood.
type source struct {
	file   string
	lines  map[place]int
	broken map[place]bool
	around map[place]bool // what holds something broken
}

func newSource(file string) *source {
	return &source{file: file, lines: map[place]int{}, broken: map[place]bool{}, around: map[place]bool{}}
}

// spoil marks p as reported.
func (s *source) spoil(p place) {
	s.broken[p] = true
	for up, ok := p.parent(); ok && !s.around[up]; up, ok = up.parent() {
		s.around[up] = true
	}
}

// line returns the line of p, or of the nearest thing around it.
func (s *source) line(p place) int {
	for {
		if n, ok := s.lines[p]; ok {
			return n
		}
		up, ok := p.parent()
		if !ok {
			return 1
		}
		p = up
	}
}

// spoiled reports whether something at p, around it or within it was already
// reported, so that one mistake does not print a train of consequences.
func (s *source) spoiled(p place) bool {
	if s.broken[p] || s.around[p] {
		return true
	}
	for up, ok := p.parent(); ok; up, ok = up.parent() {
		if s.broken[up] {
			return true
		}
	}
	return false
}

// report collects problems. src is nil for a configuration built in code.
type report struct {
	src      *source
	problems []Problem
}

// bad notes a mistake at p. want says what would be right.
func (r *report) bad(p place, want, what string, args ...any) {
	if r.src != nil && r.src.spoiled(p) {
		return
	}
	r.add(Problem{Key: p.String(), What: fmt.Sprintf(what, args...), Want: want}, p)
}

// warn notes something doubtful at p.
func (r *report) warn(p place, want, what string, args ...any) {
	if r.src != nil && r.src.spoiled(p) {
		return
	}
	r.add(Problem{Key: p.String(), What: fmt.Sprintf(what, args...), Want: want, Warning: true}, p)
}

func (r *report) add(b Problem, p place) {
	if len(r.problems) >= maxProblems {
		return
	}
	if r.src != nil {
		b.File, b.Line = r.src.file, r.src.line(p)
	}
	r.problems = append(r.problems, b)
}

// given reports whether the file has a value at p; what is built in code has
// every field.
func (r *report) given(p place) bool {
	if r.src == nil {
		return true
	}
	_, ok := r.src.lines[p]
	return ok
}

// understood reports whether the list or mapping at p can be relied on when
// another value refers to it.
func (r *report) understood(p place) bool {
	return r.src == nil || !r.src.spoiled(p)
}

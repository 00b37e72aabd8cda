package page

import (
	"bytes"
	"strings"
	"time"
)

// view is what one answer needs to be written.
type view struct {
	l     lang
	s     Snapshot
	siren bool // it sounds
	// hasSiren: there is one.
	hasSiren bool
	truck    *Truck // nil: the site stands still
	token    string // of the acknowledgement
	labels   map[string]Label
	place    *time.Location
	inCab    bool   // the fixed display is written, and its buttons lead back to it
	assets   string // version of style sheet and script
}

// name is what people call a zone: its label, or its id inside the site.
func (v view) name(zone string) string {
	_, bare, _ := strings.Cut(zone, "/")
	for _, key := range []string{zone, bare} {
		if n := v.l.label(v.labels[key]); n != "" {
			return n
		}
	}
	return bare
}

// label takes the other language's name where this one has none.
func (l lang) label(of Label) string {
	names := [...]string{of.ZH, of.EN}
	if names[l] != "" {
		return names[l]
	}
	return names[l.other()]
}

// clock is a time of day as the site's clocks show it, with the date when it is
// not today's.
func (v view) clock(t time.Time) string {
	t, now := t.In(v.place), v.s.Now.In(v.place)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// tab is one of the pages.
type tab struct {
	word, path, live string
	content          func(view) node
	cab              bool // a truck's fixed display: nothing but what the driver looks at
}

func tabs() []tab {
	return []tab{
		{"tab-zones", "/", "/live/zones", view.zonesView, false},
		{"tab-devices", "/devices", "/live/devices", view.devicesView, false},
		{"tab-cab", "/cab", "/live/cab", view.cabView, true},
	}
}

// document is the whole page. Without a script it renews itself; with one,
// only what changed is renewed, and a lost gateway is told.
func (v view) document(t tab) []byte {
	site := v.s.Site
	if n := v.l.label(v.labels[site]); n != "" {
		site = n
	}
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html>\n")
	el("html", attrs{"lang", v.l.tag()},
		el("head", nil,
			void("meta", attrs{"charset", "utf-8"}),
			void("meta", attrs{"name", "viewport", "content", "width=device-width, initial-scale=1"}),
			void("meta", attrs{"name", "color-scheme", "content", "light dark"}),
			el("noscript", nil, void("meta", attrs{"http-equiv", "refresh", "content", "5"})),
			el("title", nil, text(site+" · "+v.l.say(t.word))),
			void("link", attrs{"rel", "icon", "href", "data:,"}),
			void("link", attrs{"rel", "stylesheet", "href", "/page.css?" + v.assets}),
			el("script", attrs{"src", "/page.js?" + v.assets, "defer", ""})),
		el("body", v.look(t),
			el("nav", nil,
				el("h1", nil, text(site)),
				each(tabs(), func(other tab) node {
					if other.cab && v.truck == nil {
						return nil
					}
					a := attrs{"href", other.path}
					if other.path == t.path {
						a = a.with("aria-current", "page")
					}
					return el("a", a, text(v.l.say(other.word)))
				}),
				el("a", attrs{"class", "language", "href", t.path + "?lang=" + v.l.other().key(), "lang", v.l.other().tag()}, text(v.l.say("language")))),
			el("p", attrs{"id", "cut", "role", "alert", "hidden", ""},
				text(v.l.say("cut")+" "), el("b", attrs{"id", "cut-seconds"}), text(" "+v.l.say("cut-unit"))),
			el("div", attrs{"id", "live", "data-live", t.live + "?lang=" + v.l.key()}, t.content(v)),
			el("footer", nil, text(v.s.Gateway+" · "+v.s.Version))))(&b)
	return b.Bytes()
}

// fragment is what the script renews.
func (v view) fragment(t tab) []byte {
	var b bytes.Buffer
	t.content(v)(&b)
	return b.Bytes()
}

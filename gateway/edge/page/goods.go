package page

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"coldchain/alerting/batch"
)

// Goods are a batch that a driver has loaded: by its id, or by six digits.
type Goods struct {
	Batch, Code string
	By          string
}

// Loaded is a batch that was booked here.
type Loaded struct {
	Name string // its id, or the six digits
	At   time.Time
}

// maxPhoto bounds a photo of a code: what telephones make, and no more.
const maxPhoto = 12 << 20

var batchID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

// lot is where a GS1 Digital Link says the lot.
var lot = regexp.MustCompile(`/10/([^/]+)`)

// readLabel reads what a label says: a batch's id, six digits, or an address that
// ends in one of them.
func readLabel(label string) (g Goods, ok bool) {
	said, _, _ := strings.Cut(strings.TrimSpace(label), "?")
	said, _, _ = strings.Cut(said, "#")
	said = strings.TrimRight(said, "/")
	last := said[strings.LastIndexByte(said, '/')+1:]
	if len(last) == 6 && strings.Trim(last, "0123456789") == "" {
		_, ok := batch.ShortNumber(last)
		return Goods{Code: last}, ok
	}
	if m := lot.FindStringSubmatch(said); m != nil {
		last = m[1]
	}
	return Goods{Batch: last}, batchID.MatchString(last)
}

// loadView is the card of what was loaded; a site that stands still has none.
func (v view) loadView() node {
	if v.truck == nil {
		return nil
	}
	return v.goodsView(*v.truck)
}

// goodsView books a batch into the box: six digits, or a photo of its code.
func (v view) goodsView(t Truck) node {
	return el("article", attrs{"id", "goods", "class", "card ok"},
		el("h2", nil, text(v.l.say("goods"))),
		el("form", attrs{"class", "cab goods", "method", "post", "action", "/truck/goods", "enctype", "multipart/form-data"},
			void("input", attrs{"type", "hidden", "name", "token", "value", v.token}),
			v.backView(),
			el("label", nil, text(v.l.say("goods-code")),
				void("input", attrs{"type", "text", "name", "code", "inputmode", "numeric", "maxlength", "7", "autocomplete", "off"})),
			el("label", nil, text(v.l.say("goods-photo")),
				void("input", attrs{"type", "file", "name", "photo", "accept", "image/*", "capture", "environment"})),
			el("button", attrs{"id", "load", "type", "submit"}, text(v.l.say("goods-do")))),
		when(len(t.Loaded) > 0, el("ul", class("rows"), each(t.Loaded, func(l Loaded) node {
			return el("li", nil, el("span", class("what"), text(l.Name)), el("span", class("age"), text(v.clock(l.At))))
		}))),
		when(len(t.Loaded) > 0, el("p", class("age"), text(v.l.say("goods-noted")))))
}

// goods takes a batch into the box, from this page's own form alone.
func (s *Server) goods(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	switch {
	case s.o.Cab == nil:
		refuse(w, l, http.StatusNotFound, "no-truck")
		return
	case r.ContentLength > maxPhoto:
		refuse(w, l, http.StatusRequestEntityTooLarge, "photo-big")
		return
	case !s.oursUpTo(maxPhoto, w, r):
		return
	}
	label, why := s.labelOf(r)
	if why != "" {
		refuse(w, l, http.StatusUnprocessableEntity, why)
		return
	}
	g, ok := readLabel(label)
	if !ok {
		refuse(w, l, http.StatusUnprocessableEntity, "bad-code")
		return
	}
	g.By = "site page, " + client(r)
	if err := s.o.Cab.Load(g); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, back(r), http.StatusSeeOther)
}

// labelOf is what was typed, else what the photo's code says; why is the word of
// what is wrong.
func (s *Server) labelOf(r *http.Request) (label, why string) {
	if typed := strings.ReplaceAll(strings.TrimSpace(r.PostFormValue("code")), " ", ""); typed != "" {
		return typed, ""
	}
	photo, _, err := r.FormFile("photo")
	if err != nil {
		return "", "no-goods"
	}
	defer photo.Close()
	select {
	case s.decoding <- struct{}{}: // one at a time: it takes memory and a core
		defer func() { <-s.decoding }()
	case <-r.Context().Done():
		return "", "no-code"
	}
	label, err = readCode(r.Context(), photo)
	switch {
	case errors.Is(err, errPhoto):
		return "", "photo-bad"
	case err != nil:
		return "", "no-code"
	}
	return label, ""
}

package epcis

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
)

// names makes the URIs of a county's own things: https URIs under its own
// address, which name, and need not answer.
type names struct {
	base  string
	place *time.Location
	link  map[string]string // Digital Links of batches that have a GTIN
}

// newNames checks the base. A page that is reached by http has the same names
// as by https: they are names, and CBV wants one.
func newNames(in Input) (names, error) {
	u, err := url.Parse(in.Base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return names{}, fmt.Errorf("EPCIS: base address %q is not like https://county.example", in.Base)
	}
	n := names{base: "https://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/"), place: in.Zone, link: map[string]string{}}
	if n.place == nil {
		n.place = time.UTC
	}
	for id, c := range in.Codes {
		uri, err := Link(canonicalStem, []Element{{"01", c.GTIN}, {"10", c.Lot}})
		if err != nil {
			return names{}, fmt.Errorf("EPCIS: batch %s: %w", id, err)
		}
		n.link[id] = uri
	}
	return n, nil
}

func (n names) own(kind string, name ...string) string {
	out := n.base + "/id/" + kind
	for _, part := range name {
		for segment := range strings.SplitSeq(part, "/") {
			out += "/" + url.PathEscape(segment)
		}
	}
	return out
}

// batch is a batch's class: a Digital Link where the goods have a GTIN of their
// own, else one of ours.
func (n names) batch(id string) string {
	if uri, ok := n.link[id]; ok {
		return uri
	}
	return n.own("batch", id)
}

func (n names) at(zone string) *Place {
	if zone == "" {
		return nil
	}
	return &Place{n.own("place", zone)}
}

func (n names) namespace() string { return n.base + "/ns/epcis/" }

func (n names) method(m exposure.Method) string {
	if m == "" {
		return ""
	}
	return n.own("method", string(m))
}

func (n names) device(point string) string {
	if point == "" {
		return ""
	}
	return n.own("point", point)
}

func (n names) rules(profile string) string {
	if profile == "" {
		return ""
	}
	return n.own("profile", profile)
}

// time writes a time at the county's offset.
func (n names) time(at time.Time) string {
	return at.In(n.place).Format("2006-01-02T15:04:05.000-07:00")
}

func (n names) offset(at time.Time) string { return at.In(n.place).Format("-07:00") }

// unece is the code of UN/ECE Recommendation 20 for a unit that batch.Amount has.
// Pieces have none here.
func unece(unit string) string {
	switch unit {
	case "kg":
		return "KGM"
	case "L":
		return "LTR"
	}
	return ""
}

// quantity reads what is written on a slip, as batches are reckoned with. What is
// no number with a unit of mass or volume, such as "40 箱", stays a text.
func (n names) quantity(id, text string) (q Quantity, rest string) {
	q.Class = n.batch(id)
	a, ok := batch.ParseQuantity(text)
	unit := unece(a.Unit)
	if !ok || unit == "" {
		return q, text
	}
	v := float64(a.Milli) / 1000
	q.Amount, q.Unit = &v, unit
	return q, ""
}

// round keeps two decimals: what a probe knows.
func round(v *float64) *float64 {
	if v == nil {
		return nil
	}
	r := math.Round(*v*100) / 100
	if r == 0 {
		r = 0 // and not -0
	}
	return &r
}

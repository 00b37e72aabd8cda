package profile

import (
	"fmt"
	"slices"

	"coldchain/alerting"
)

// Conflict is why goods must not lie together, or not in this room. It blocks
// nothing: whoever receives them is told, and gives a name and a reason.
type Conflict struct {
	A, B string // profiles' names; B is empty when the room itself is the trouble
	Text Label
}

// Strictest returns the limits that hold in a room with the given band while
// goods of these profiles lie in it: every line, without those that another
// line makes needless. What cannot hold at the same time is a conflict; each
// line is judged all the same, for a room that is too warm for one and too cold
// for another is exactly that.
func Strictest(band []alerting.Limit, goods []Profile) (limits []alerting.Limit, conflicts []Conflict) {
	all := slices.Clone(band)
	for _, p := range goods {
		all = append(all, p.plain()...)
	}
	for i, l := range all {
		needless := false
		for k, m := range all {
			if k != i && covers(m, l) && !(covers(l, m) && k > i) {
				needless = true
			}
		}
		if !needless {
			limits = append(limits, l)
		}
	}
	for i, p := range goods {
		if s := contradiction(p.plain(), band); s != "" {
			conflicts = append(conflicts, Conflict{A: p.Name, Text: Label{
				ZH: fmt.Sprintf("%s不能放这个库：%s", p.Label.ZH, s), EN: fmt.Sprintf("%s cannot lie in this room: %s", p.Label.EN, s)}})
		}
		for _, q := range goods[i+1:] {
			conflicts = append(conflicts, clash(p, q)...)
		}
	}
	return limits, conflicts
}

// InRoom returns the temperature limits of a room with the given band while goods
// of these profiles lie in it, and those that hold while warm ones are being
// cooled there. In a room that is there to make warm goods cold these are not yet
// what their profile says they must be: until they have left, the room's own high
// limits count, and the goods' low ones.
func InRoom(band []alerting.Limit, goods []Profile, cools bool) (usual, cooling []alerting.Limit) {
	usual, _ = Strictest(band, goods)
	cooling = without(alerting.High, usual)
	if cools {
		usual = append(without(alerting.Low, band), cooling...)
	}
	return usual, cooling
}

func without(side alerting.Side, limits []alerting.Limit) (out []alerting.Limit) {
	for _, l := range limits {
		if l.Side != side {
			out = append(out, l)
		}
	}
	return out
}

// covers reports whether whatever is beyond l for its delay is also an alarm,
// as serious and no later, by m. Runs and sums do not cover each other.
func covers(m, l alerting.Limit) bool {
	stricter := m.Value < l.Value
	if l.Side == alerting.Low {
		stricter = m.Value > l.Value
	}
	stricter = stricter || m.Value == l.Value && (m.Reached || !l.Reached)
	sameSum := (m.Within == 0) == (l.Within == 0) && m.Within >= l.Within
	return m.Side == l.Side && !l.Level.MoreSevere(m.Level) && stricter && sameSum && m.Delay <= l.Delay
}

func clash(p, q Profile) (out []Conflict) {
	if p.Name == q.Name {
		return nil
	}
	add := func(zh, en string) {
		out = append(out, Conflict{p.Name, q.Name, Label{
			ZH: fmt.Sprintf("%s和%s不能放在一起：%s", p.Label.ZH, q.Label.ZH, zh),
			EN: fmt.Sprintf("%s and %s must not lie together: %s", p.Label.EN, q.Label.EN, en),
		}})
	}
	if s := contradiction(p.plain(), q.plain()); s != "" {
		add(s, s)
	}
	pair := [2]Hygiene{p.Hygiene, q.Hygiene}
	if pair == [2]Hygiene{Raw, Ready} || pair == [2]Hygiene{Ready, Raw} {
		add("生熟要分开", "raw food is kept apart from food that is eaten as it is")
	}
	if pair == [2]Hygiene{Raw, Plant} || pair == [2]Hygiene{Plant, Raw} {
		add("生肉要和蔬菜分开", "raw meat is kept apart from vegetables")
	}
	return out
}

// contradiction says how one's warmest allowed temperature lies at or under
// the other's coldest, or "" when it does not.
func contradiction(a, b []alerting.Limit) string {
	for _, x := range a {
		for _, y := range b {
			high, low := x, y
			if x.Side == alerting.Low {
				high, low = y, x
			}
			if high.Side == alerting.High && low.Side == alerting.Low && low.Value >= high.Value {
				return fmt.Sprintf("≤ %g °C, ≥ %g °C", high.Value, low.Value)
			}
		}
	}
	return ""
}

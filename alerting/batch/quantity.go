package batch

import (
	"math"
	"strconv"
	"strings"
)

// Amount is a quantity that could be read: a count of thousandths, so that sums
// are exact, of a unit.
type Amount struct {
	Milli int64  // thousandths of the unit: of a kg, of a box
	Unit  string // "kg", or the word for pieces as in units
}

// units are the words for quantities. What weighs becomes kg; pieces of
// different kinds are different units, because a box is no carcass.
var units = map[string]struct {
	unit  string
	milli float64 // thousandths of the unit in one of the word
}{
	"kg": {"kg", 1000}, "公斤": {"kg", 1000}, "千克": {"kg", 1000}, "㎏": {"kg", 1000},
	"g": {"kg", 1}, "克": {"kg", 1},
	"t": {"kg", 1e6}, "吨": {"kg", 1e6},
	"斤": {"kg", 500}, // half a kilogram, on every slip of a market
	"只": {"head", 1000}, "头": {"head", 1000}, "head": {"head", 1000},
	"件": {"piece", 1000}, "个": {"piece", 1000}, "枚": {"piece", 1000}, "pcs": {"piece", 1000}, "piece": {"piece", 1000}, "pieces": {"piece", 1000},
	"胴": {"carcass", 1000}, "胴体": {"carcass", 1000}, "carcass": {"carcass", 1000}, "carcasses": {"carcass", 1000},
	"箱": {"box", 1000}, "box": {"box", 1000}, "boxes": {"box", 1000},
	"袋": {"bag", 1000}, "bag": {"bag", 1000}, "bags": {"bag", 1000},
	"瓶": {"bottle", 1000}, "bottle": {"bottle", 1000}, "bottles": {"bottle", 1000},
	"托": {"pallet", 1000}, "托盘": {"pallet", 1000}, "pallet": {"pallet", 1000}, "pallets": {"pallet", 1000},
	"l": {"L", 1000}, "升": {"L", 1000}, "ml": {"L", 1}, "毫升": {"L", 1},
}

// ParseQuantity reads a quantity as it is written on slips, "240 kg" or "12箱".
// ok is false for what it does not understand; that is no mistake, and nothing
// is reckoned with it.
func ParseQuantity(s string) (a Amount, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != ',' })
	if i <= 0 {
		return Amount{}, false
	}
	u, known := units[strings.TrimSpace(s[i:])]
	number := s[:i]
	if whole, _, _ := strings.Cut(number, "."); strings.Contains(number, ",") {
		for n, group := range strings.Split(whole, ",") { // 1,240 and never 1,5: that could be one and a half
			if n > 0 && len(group) != 3 || group == "" {
				return Amount{}, false
			}
		}
		number = strings.ReplaceAll(number, ",", "")
	}
	v, err := strconv.ParseFloat(number, 64)
	milli := v * u.milli
	if !known || err != nil || milli > 1e15 || milli <= 0 {
		return Amount{}, false
	}
	return Amount{int64(math.Round(milli)), u.unit}, true
}

// String writes an amount as "240 kg".
func (a Amount) String() string {
	return strconv.FormatFloat(float64(a.Milli)/1000, 'f', -1, 64) + " " + a.Unit
}

// Balance is how much of a batch there is, and what has become of it.
type Balance struct {
	Have, Used, Left Amount
	// Known is false where a quantity cannot be read or the units differ:
	// nothing is refused then, and nothing is said of what is left.
	Known bool
}

// BalanceOf reckons what is left of a batch after what went into others.
// Being packed into a container takes nothing away.
func BalanceOf(id, quantity string, links []Link) Balance {
	have, ok := ParseQuantity(quantity)
	if !ok {
		return Balance{}
	}
	b := Balance{Have: have, Used: Amount{0, have.Unit}, Left: have, Known: true}
	for _, l := range links {
		if l.Parent != id || l.Relation == Aggregated {
			continue
		}
		used, ok := ParseQuantity(l.Quantity)
		if !ok || used.Unit != have.Unit {
			return Balance{Have: have}
		}
		b.Used.Milli += used.Milli
		b.Left.Milli -= used.Milli
	}
	return b
}

package certificate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// minus is the sign that a table sets as wide as its plus.
const minus = "−"

// none stands where there is no value.
const none = "—"

func fixed(v float64, digits int) string {
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		if strings.Trim(rest, "0.") == "" {
			return rest // no −0.0
		}
		return minus + rest
	}
	return text
}

// celsius is a temperature without its unit, which the column has.
func celsius(v *float64) string {
	if v == nil {
		return none
	}
	return fixed(*v, 1)
}

// percent never rounds up to a hundred what is less, nor down to nothing what is
// more.
func percent(share float64) string {
	p := share * 100
	switch {
	case p < 100 && p > 99.9:
		return "99.9"
	case p > 0 && p < 0.1:
		return "0.1"
	}
	return fixed(p, 1)
}

// span is a length of time, to the minute; below an hour to the second where it
// is not whole minutes.
func span(seconds float64) string {
	s := int64(math.Round(seconds))
	switch {
	case s <= 0:
		return "0"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		if s%60 != 0 && s < 600 {
			return fmt.Sprintf("%d min %d s", s/60, s%60)
		}
		return fmt.Sprintf("%d min", (s+30)/60)
	}
	m := (s + 30) / 60
	if m >= 48*60 {
		return fmt.Sprintf("%d d %d h", m/1440, m%1440/60)
	}
	if m%60 == 0 {
		return fmt.Sprintf("%d h", m/60)
	}
	return fmt.Sprintf("%d h %02d min", m/60, m%60)
}

// clock writes times as the county's people read them.
type clock struct{ zone *time.Location }

func (c clock) at(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.In(c.zone).Format("2006-01-02 15:04")
}

// short leaves the year out: the head of the sheet has it.
func (c clock) short(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.In(c.zone).Format("01-02 15:04")
}

func (c clock) day(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.In(c.zone).Format("2006-01-02")
}

// byToken ends the name of who proved himself by the county's token alone.
const byToken = " (token)"

// person is an actor's name without its kind, and without by what he proved
// himself: the annex says that.
func person(actor string) string {
	if _, name, ok := strings.Cut(actor, ":"); ok {
		actor = name
	}
	return strings.TrimSuffix(actor, byToken)
}

// means says by what an actor proved who he is, where that is less than a PIN.
func means(actor string) string {
	if strings.HasSuffix(actor, byToken) {
		return "\n凭县口令 by the county's token"
	}
	return ""
}

// letter names the nth place on the chart: A, B, … Z, AA, AB, …
func letter(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return letter(n/26-1) + string(rune('A'+n%26))
}

package wording

import (
	"fmt"
	"math"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/watch"
)

// Watched says for a page what is wrong by a rule of the watch, whose numbers are
// no value over a limit, with times of day of the given place; ok is false for
// other rules.
func (l Language) Watched(a alerting.Alarm, place *time.Location) (text string, ok bool) {
	return Composer{Location: place}.watched(l, Subject{Alarm: a})
}

// watched says what is wrong by a rule of the watch, whose numbers are no
// value over a limit; ok is false for other rules, and for an alarm of which
// no more is known than its rule.
func (c Composer) watched(l Language, s Subject) (text string, ok bool) {
	value := s.LastValue
	if !s.Returned.IsZero() {
		value = s.Peak
	}
	switch {
	case s.Rule == alerting.CalibrationExpired && s.Reason == watch.Expiring:
		return l.say("expiring"), true
	case s.Rule == alerting.ClockWrong && s.Reason != "":
		return l.say(string(s.Reason)), true
	case !s.HasValue:
		return "", false
	case s.Rule == alerting.Spoilage:
		w, known := words["spoils-"+string(s.Reason)]
		if !known {
			return "", false
		}
		return fmt.Sprintf(w[l], Number(math.Floor(s.LastValue))), true
	case s.Rule == alerting.RateOfRise:
		return fmt.Sprintf(l.say("rise"), l.length(s.Delay), Number(value)), true
	case s.Rule == alerting.PullDown:
		return fmt.Sprintf(l.say("pull-down"), l.say(string(s.Reason)), Number(value), c.clock(s.Start.Add(s.Delay)), Number(s.Limit)), true
	case s.Rule == alerting.Condensation:
		return fmt.Sprintf(l.say("dew"), Number(value), Number(s.Limit)), true
	case s.Rule == alerting.CompressorSilent:
		return l.what(s.Rule) + l.say("comma") + fmt.Sprintf(l.say("air-is"), Number(value)), true
	}
	return "", false
}

// keeps says how long a batch still keeps, and until when it must.
func (c Composer) keeps(l Language, s Subject) string {
	o := s.Ages
	if o == nil {
		return ""
	}
	var parts []string
	if o.PresentC != nil && o.RemainingDays != nil && o.RemainingDaysMin != nil && *o.RemainingDays > 0 {
		least, most := Number(*o.RemainingDaysMin), Number(*o.RemainingDays)
		if least != most {
			most = least + "–" + most
		}
		parts = append(parts, fmt.Sprintf(l.say("keeps"), Number(*o.PresentC), most))
	}
	if !o.Deliver.IsZero() {
		parts = append(parts, fmt.Sprintf(l.say("deliver"), o.Deliver.In(c.Location).Format("01-02")))
	}
	return strings.Join(parts, l.say("comma"))
}

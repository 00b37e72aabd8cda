package report

import (
	"fmt"
	"time"

	"coldchain/gateway/config"
)

// Kind is a kind of report.
type Kind string

// The kinds.
const (
	Daily    Kind = "daily"     // 温度记录表 of a site
	Weekly   Kind = "weekly"    // 周调度, Monday to Sunday
	Monthly  Kind = "monthly"   // 月通报, from the 22nd to the 22nd
	HalfYear Kind = "half-year" // January to June, July to December
)

// OfShipment is the kind of a report of one batch: it has no period.
const OfShipment Kind = "shipment"

// OfTrip and OfLoad are the kinds of reports of one trip, and of all that was
// aboard on it.
const (
	OfTrip Kind = "trip"
	OfLoad Kind = "load"
)

// Kinds returns those that have a period.
func Kinds() []Kind { return []Kind{Daily, Weekly, Monthly, HalfYear} }

// turnOfMonth is the day on which the month of a 月通报 ends: it is drafted on
// that day, reviewed, and sent before the 24th.
const turnOfMonth = 22

// Period returns the stretch of time that a report of this kind is about which
// has day in it, at the county's midnights.
func (k Kind) Period(day time.Time, zone *time.Location) (from, to time.Time, err error) {
	day = day.In(zone)
	y, m, d := day.Date()
	midnight := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, zone) }
	switch k {
	case Daily:
		return midnight(y, m, d), midnight(y, m, d+1), nil
	case Weekly:
		since := (int(day.Weekday()) + 6) % 7 // days since Monday
		return midnight(y, m, d-since), midnight(y, m, d-since+7), nil
	case Monthly:
		if d >= turnOfMonth {
			m++
		}
		return midnight(y, m-1, turnOfMonth), midnight(y, m, turnOfMonth), nil
	case HalfYear:
		first := time.January
		if m >= time.July {
			first = time.July
		}
		return midnight(y, first, 1), midnight(y, first+6, 1), nil
	}
	return from, to, fmt.Errorf("there is no report %q; there are %q", string(k), Kinds())
}

// dueAfter is how long after its period the monthly report has to be sent: before
// the 24th, when it is drafted on the 22nd.
const dueAfter = 2

// Drafted is the newest monthly report whose period is over at now: the period,
// and before when it has to be sent.
func Drafted(now time.Time, zone *time.Location) (from, to, due time.Time, err error) {
	present, _, err := Monthly.Period(now, zone)
	if err != nil {
		return from, to, due, err
	}
	from, to, err = Monthly.Period(present.Add(-time.Hour), zone)
	return from, to, to.AddDate(0, 0, dueAfter), err
}

// title is what the paper is called.
func (k Kind) title() config.Label {
	switch k {
	case Daily:
		return config.Label{ZH: "冷链温度记录表", EN: "Daily temperature record"}
	case Weekly:
		return config.Label{ZH: "冷链周调度", EN: "Weekly cold-chain report"}
	case OfShipment:
		return config.Label{ZH: "冷链运输报告", EN: "Shipment report"}
	case OfTrip:
		return config.Label{ZH: "冷链行程报告", EN: "Trip report"}
	case OfLoad:
		return config.Label{ZH: "冷链整车运输报告", EN: "Shipment report of a truck load"}
	case Monthly:
		return config.Label{ZH: "冷链月通报", EN: "Monthly cold-chain report"}
	}
	return config.Label{ZH: "冷链设施半年报告", EN: "Half-yearly report on cold-chain facilities"}
}

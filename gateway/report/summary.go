package report

import (
	"context"
	"errors"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// ErrNoSite says that a report was asked for of a site that is not there.
var ErrNoSite = errors.New("no such site")

// ErrTooMany says that a report would be of more than one can be.
var ErrTooMany = errors.New("too many")

// Summary is a weekly, monthly or half-yearly report of the county.
type Summary struct {
	Kind   Kind         `json:"kind"`
	County config.Label `json:"county"`
	Notice config.Label `json:"notice"`
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Made   time.Time    `json:"made"`
	Over   bool         `json:"over"` // the period is over; if not, the numbers are of the part that is
	Served []Served     `json:"served"`
	Rooms  []RoomUse    `json:"rooms"`
	Alarms AlarmSums    `json:"alarms"`
	// Batches counts those that lay in any room. Verdicts and Inspections are nil
	// where the county records none.
	Batches     int                    `json:"batches"`
	Verdicts    map[batch.Decision]int `json:"verdicts"` // newest of each batch
	Inspections *InspectionSums        `json:"inspections"`
	Missing     []MissingSum           `json:"missing"`
	// Reviewed and Sent are what people did about it; nil: nobody has.
	Reviewed *Answer `json:"reviewed"`
	Sent     *Answer `json:"sent"`

	zone *time.Location
}

// Served is how many sites of a kind there are, and from how many anything was
// heard: stations served is not sensors.
type Served struct {
	Kind  config.SiteKind `json:"kind"`
	Sites int             `json:"sites"`
	Heard int             `json:"heard"` // with at least one reading in the period
	// Silent are the others.
	Silent []config.Label `json:"silent"`
}

// RoomUse is how a room was used.
type RoomUse struct {
	Site      config.Label    `json:"site"`
	SiteKind  config.SiteKind `json:"site_kind"`
	Room      string          `json:"room"`
	Name      config.Label    `json:"name"`
	Days      int             `json:"days"`       // begun in the period so far
	Running   int             `json:"running"`    // days with at least an hour of good readings
	OutOfUse  int             `json:"out_of_use"` // days wholly switched off or declared empty
	Idle      int             `json:"idle"`       // running days without a batch
	Batches   int             `json:"batches"`
	Loads     int             `json:"loads"` // of a truck: times that goods were booked aboard
	Low, High *float64        `json:"-"`
	Stats
}

// AlarmSums adds alarms up.
type AlarmSums struct {
	Warnings   int `json:"warnings"`
	Excursions int `json:"excursions"`
	Late       int `json:"late"` // over before the county learned of them
	Answered   int `json:"answered"`
	// Median and Longest are from being raised to the first answer, of live
	// alarms that were answered; nil when none was.
	MedianS  *float64  `json:"median_response_s"`
	LongestS *float64  `json:"longest_response_s"`
	Open     int       `json:"open"` // present, or nobody has answered
	ByRule   []RuleSum `json:"by_rule"`
}

// RuleSum is the alarms of one rule.
type RuleSum struct {
	Rule    alerting.RuleName `json:"rule"`
	Alarms  int               `json:"alarms"`
	LastedS float64           `json:"lasted_s"` // within the period
}

// InspectionSums adds inspections up.
type InspectionSums struct {
	Done   int `json:"done"`
	Failed int `json:"failed"`
}

// MissingSum is what is missing of a site.
type MissingSum struct {
	Site     config.Label `json:"site"`
	Coverage float64      `json:"coverage"` // mean of its rooms' main points
	MissingS float64      `json:"missing_s"`
	Declared []CauseSum   `json:"declared"` // by gateways, the longest cause first
}

// CauseSum is declared gaps of one cause.
type CauseSum struct {
	Cause   string  `json:"cause"`
	Gaps    int     `json:"gaps"`
	LastedS float64 `json:"lasted_s"` // within the period
}

// Summary makes the report whose period has day in it.
func (m Maker) Summary(ctx context.Context, kind Kind, day, now time.Time) (Summary, error) {
	from, to, err := kind.Period(day, m.County.Zone)
	if err != nil {
		return Summary{}, err
	}
	out := Summary{Kind: kind, County: m.County.Name, Notice: m.County.Notice, From: from, To: to, Made: now, Over: !now.Before(to),
		Served: []Served{}, Rooms: []RoomUse{}, Missing: []MissingSum{}, zone: m.County.Zone}
	until := to
	if now.Before(to) {
		until = now
	}
	if m.Filed != nil {
		if out.Reviewed, out.Sent, err = m.Filed.Marks(ctx, kind, from); err != nil {
			return out, err
		}
	}
	stays, err := m.Records.Stays(ctx, from, until)
	if err != nil {
		return out, err
	}
	if err := m.rooms(ctx, &out, stays, from, until); err != nil {
		return out, err
	}
	alarms, err := m.Records.Alarms(ctx, "", from, until)
	if err != nil {
		return out, err
	}
	out.Alarms = sumAlarms(alarms, from, until)
	if err := m.missing(ctx, &out, from, until); err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, c := range stays {
		seen[c.Batch] = true
	}
	out.Batches = len(seen)
	return out, m.quality(ctx, &out, from, until)
}

// rooms works out the use of every room and which sites were heard.
func (m Maker) rooms(ctx context.Context, out *Summary, stays []batch.Custody, from, until time.Time) error {
	disuses, err := m.Records.Disuses(ctx, from, until)
	if err != nil {
		return err
	}
	served := map[config.SiteKind]*Served{}
	var kinds []config.SiteKind
	for _, s := range m.County.Sites {
		k := served[s.Kind]
		if k == nil {
			k = &Served{Kind: s.Kind, Silent: []config.Label{}}
			served[s.Kind] = k
			kinds = append(kinds, s.Kind)
		}
		k.Sites++
		heard := false
		for _, r := range s.Rooms {
			use := RoomUse{Site: s.Name, SiteKind: s.Kind, Room: r.ID, Name: r.Name}
			var mine []batch.Custody
			for _, c := range stays {
				if c.Zone == r.ID {
					mine = append(mine, c)
				}
			}
			days := days(from, until, m.County.Zone)
			running, err := m.running(ctx, r, &use, days, from, until)
			if err != nil {
				return err
			}
			heard = heard || use.Readings > 0
			codes := map[string]bool{}
			for _, c := range mine {
				codes[c.Batch] = true
				if s.Kind == config.Truck && !c.From.Before(from) {
					use.Loads++
				}
			}
			use.Batches, use.Days = len(codes), len(days)
			for i, d := range days {
				if slices.ContainsFunc(disuses, func(x disuse) bool { return x.Zone == r.ID && !x.From.After(d.From) && !x.Until.Before(d.To) }) {
					use.OutOfUse++
				} else if running[i] && !slices.ContainsFunc(mine, func(c batch.Custody) bool { return c.Overlaps(d.From, d.To.Add(-time.Millisecond)) }) {
					use.Idle++
				}
			}
			out.Rooms = append(out.Rooms, use)
		}
		if !heard {
			if heard, err = m.heard(ctx, s, from, until); err != nil {
				return err
			}
		}
		if heard {
			k.Heard++
		} else {
			k.Silent = append(k.Silent, s.Name)
		}
	}
	for _, k := range kinds {
		out.Served = append(out.Served, *served[k])
	}
	return nil
}

// days cuts a period into the county's days; the last may have only begun.
func days(from, until time.Time, zone *time.Location) (out []store.Stretch) {
	for at := from; at.Before(until); {
		y, mo, d := at.In(zone).Date()
		next := time.Date(y, mo, d+1, 0, 0, 0, 0, zone)
		end := next
		if until.Before(end) {
			end = until
		}
		out = append(out, store.Stretch{From: at, To: end})
		at = next
	}
	return out
}

// ranFor is how much good data a day needs to be a day on which a room ran.
const ranFor = time.Hour

// running adds a room's main temperature up and tells on which days it ran.
func (m Maker) running(ctx context.Context, r Room, use *RoomUse, days []store.Stretch, from, until time.Time) ([]bool, error) {
	ran := make([]bool, len(days))
	i := slices.IndexFunc(r.Points, func(p sensors.Point) bool { return p.Quantity == sensors.Temperature })
	if i < 0 {
		return ran, nil
	}
	all := tally{}
	all.low, all.high = band(r.Limits)
	use.Low, use.High = all.low, all.high
	end := until.Truncate(store.QuarterHour)
	if end.Before(until) {
		end = end.Add(store.QuarterHour)
	}
	rollups, err := quarters(ctx, m.Series, r.Points[i], from, end)
	if err != nil {
		return nil, err
	}
	for d, day := range days {
		covered := time.Duration(0)
		for len(rollups) > 0 && rollups[0].Start.Before(day.To) {
			covered += rollups[0].Covered
			all.add(rollups[0])
			rollups = rollups[1:]
		}
		if ran[d] = covered >= ranFor; ran[d] {
			use.Running++
		}
	}
	use.Stats = all.stats(from, until)
	return ran, nil
}

// heard tells whether any point of a site without a room's temperature had a
// reading: a village station reports power and link.
func (m Maker) heard(ctx context.Context, s Site, from, until time.Time) (bool, error) {
	for _, p := range s.Others {
		found := false
		err := m.Series.ReadRollups(ctx, store.RollupQuery{Point: p.ID, Quantity: p.Quantity, Width: store.Hour, From: from, To: until}, func(r store.Rollup) bool {
			found = r.Count > 0
			return !found
		})
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

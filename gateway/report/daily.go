package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// slotLength is how far the lines of a daily record are apart. GB 31605-2020
// wants a store's temperature recorded at least every 30 minutes; all readings
// are kept, and a line is what those of its half hour come to.
const slotLength = 30 * time.Minute

// DailyRecord is the 温度记录表 of one site and day.
type DailyRecord struct {
	Kind   Kind         `json:"kind"`
	County config.Label `json:"county"`
	Notice config.Label `json:"notice"`
	Site   string       `json:"site"`
	Name   config.Label `json:"name"`
	Date   string       `json:"date"` // 2026-11-23, in the county's time
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Made   time.Time    `json:"made"`
	Over   bool         `json:"over"` // the day is over
	Rooms  []RoomDay    `json:"rooms"`
	Alarms []Alarm      `json:"alarms"`
	Gaps   []Gap        `json:"gaps"`
	// Hands are temperatures that people measured; they count for nothing else.
	// HandsKept is false where the county keeps none.
	Hands     []HandLine `json:"hands"`
	HandsKept bool       `json:"hands_kept"`

	zone *time.Location
}

// HandLine is a temperature measured by hand in a room.
type HandLine struct {
	Room string `json:"room"`
	exposure.Hand
}

// RoomDay is a room's day.
type RoomDay struct {
	Room    string       `json:"room"`
	Name    config.Label `json:"name"`
	High    *float64     `json:"high"` // °C, its own limit; nil: none
	Low     *float64     `json:"low"`
	Batches []string     `json:"batches"` // that lay there
	Unused  []UnusedTime `json:"unused"`
	Points  []PointDay   `json:"points"`
}

// UnusedTime is when a room was out of use.
type UnusedTime struct {
	From   time.Time       `json:"from"`
	To     time.Time       `json:"to"`
	Kind   duty.DisuseKind `json:"kind"`
	Reason string          `json:"reason"`
	By     string          `json:"by"`
}

// PointDay is a point's day.
type PointDay struct {
	Point    sensors.PointID  `json:"point"`
	Quantity sensors.Quantity `json:"quantity"`
	Unit     sensors.Unit     `json:"unit"`
	Slots    []Slot           `json:"slots"`
	Stats
	main bool // the one that the limits are of
}

// Slot is a half hour of a point.
type Slot struct {
	At time.Time `json:"at"`
	Stats
	Reason sensors.Reason `json:"reason,omitempty"` // why there is no value
	Doubt  bool           `json:"doubt,omitempty"`  // some of its values are uncertain
	Ahead  bool           `json:"ahead,omitempty"`  // has not begun yet
}

// Daily makes the record of a site's day.
func (m Maker) Daily(ctx context.Context, site string, day, now time.Time) (DailyRecord, error) {
	i := slices.IndexFunc(m.County.Sites, func(s Site) bool { return s.ID == site })
	if i < 0 {
		return DailyRecord{}, fmt.Errorf("there is no site %.40q: %w", site, ErrNoSite)
	}
	from, to, err := Daily.Period(day, m.County.Zone)
	if err != nil {
		return DailyRecord{}, err
	}
	s := m.County.Sites[i]
	out := DailyRecord{
		Kind: Daily, County: m.County.Name, Notice: m.County.Notice, Site: s.ID, Name: s.Name, Date: from.Format(time.DateOnly), From: from, To: to,
		Made: now, Over: !now.Before(to), Rooms: []RoomDay{}, HandsKept: m.Quality != nil, Hands: []HandLine{}, zone: m.County.Zone,
	}
	if out.Alarms, err = m.Records.Alarms(ctx, site, from, to); err != nil {
		return out, err
	}
	if out.Gaps, err = m.Records.Gaps(ctx, site, from, to); err != nil {
		return out, err
	}
	disuses, err := m.Records.Disuses(ctx, from, to)
	if err != nil {
		return out, err
	}
	stays, err := m.Records.Stays(ctx, from, to)
	if err != nil {
		return out, err
	}
	for _, r := range s.Rooms {
		room, err := m.roomTime(ctx, r, from, to, now, slotLength)
		if err != nil {
			return out, err
		}
		for _, c := range stays {
			if c.Zone == r.ID && !slices.Contains(room.Batches, c.Batch) {
				room.Batches = append(room.Batches, c.Batch)
			}
		}
		for _, d := range disuses {
			if d.Zone == r.ID && d.From.Before(to) && d.Until.After(from) {
				room.Unused = append(room.Unused, UnusedTime{d.From, d.Until, d.Kind, d.Reason, d.By})
			}
		}
		out.Rooms = append(out.Rooms, room)
		if m.Quality == nil {
			continue
		}
		hands, err := m.Quality.Hands(ctx, r.ID, from, to)
		if err != nil {
			return out, err
		}
		for _, h := range hands {
			out.Hands = append(out.Hands, HandLine{r.ID, h})
		}
	}
	return out, nil
}

// roomTime is a room from..to in slots of a length, whole quarter-hours.
func (m Maker) roomTime(ctx context.Context, r Room, from, to, now time.Time, length time.Duration) (RoomDay, error) {
	out := RoomDay{Room: r.ID, Name: r.Name, Batches: []string{}, Unused: []UnusedTime{}, Points: []PointDay{}}
	out.Low, out.High = band(r.Limits)
	for i, p := range r.Points {
		day := PointDay{Point: p.ID, Quantity: p.Quantity, Unit: p.Quantity.Unit(), main: i == 0 && p.Quantity == sensors.Temperature}
		all := tally{}
		if day.main {
			all.low, all.high = out.Low, out.High
		}
		until := to
		if now.Before(to) {
			until = now
		}
		rollups, err := quarters(ctx, m.Series, p, from, to)
		if err != nil {
			return out, err
		}
		for at := from; at.Before(to); at = at.Add(length) {
			slot := Slot{At: at, Ahead: !at.Before(now)}
			one := tally{low: all.low, high: all.high}
			for len(rollups) > 0 && rollups[0].Start.Before(at.Add(length)) {
				one.add(rollups[0])
				all.add(rollups[0])
				rollups = rollups[1:]
			}
			end := at.Add(length)
			if now.Before(end) {
				end = now
			}
			slot.Stats = one.stats(at, end)
			slot.Doubt = one.Good < one.Values
			if one.Values == 0 {
				slot.Reason = one.Reason
			}
			day.Slots = append(day.Slots, slot)
		}
		day.Stats = all.stats(from, until)
		out.Points = append(out.Points, day)
	}
	return out, nil
}

// band returns the narrowest band of a room's limits: of those that make an
// excursion, else of the warnings.
func band(limits []alerting.Limit) (low, high *float64) {
	for _, level := range []alerting.Level{alerting.Excursion, alerting.Warning} {
		for _, l := range limits {
			switch {
			case l.Level != level:
			case l.Side == alerting.High && (high == nil || l.Value < *high):
				high = &l.Value
			case l.Side == alerting.Low && (low == nil || l.Value > *low):
				low = &l.Value
			}
		}
		if low != nil || high != nil {
			return low, high
		}
	}
	return nil, nil
}

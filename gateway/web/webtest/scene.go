package webtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// Story is what happens in a made-up county.
type Story string

// The stories.
const (
	Demo  Story = "demo"  // rooms failing, warm and in doubt, a truck out of reach, a broken probe, villages without power
	Fine  Story = "fine"  // nothing wrong
	Empty Story = "empty" // nothing configured
)

// Scene is a county drawn with sine waves.
type Scene struct {
	*Fake
	County web.County
	story  Story
	rooms  []room
	start  time.Time
}

// room is how one zone behaves.
type room struct {
	zone  web.Zone
	mean  float64
	swing float64
	fate  fate
}

// fate is what goes wrong in a room.
type fate string

const (
	well      fate = ""
	failing   fate = "failing"   // the compressor stopped 80 minutes ago
	warm      fate = "warm"      // the door was left open
	lost      fate = "lost"      // no network for 47 minutes
	broken    fate = "broken"    // the probe does not answer
	clockless fate = "clockless" // no clock for half an hour: held at the gateway
	gap       fate = "gap"       // some hours of the night are missing
	powerless fate = "powerless" // no mains
	generator fate = "generator" // no mains, the generator runs
	battery   fate = "battery"   // the standby battery is weak

	// What is measured but in doubt.
	jumps     fate = "jumps"     // 7 °C more within a minute
	disagrees fate = "disagrees" // the second probe shows 2 °C more
	expired   fate = "expired"   // the calibration was valid until last night
	unread    fate = "unread"    // the device's fault flag cannot be read
)

// NewScene draws the 24 hours before now.
func NewScene(story Story, now time.Time) (*Scene, error) {
	s := &Scene{Fake: NewFake(), story: story, start: now}
	switch story {
	case Empty:
		s.County = web.County{ID: "new", Name: config.Label{ZH: "新旗县", EN: "New county"}, Timezone: "Asia/Shanghai"}
		return s, nil
	case Demo, Fine:
	default:
		return nil, fmt.Errorf("story %q is not demo, fine or empty", story)
	}
	s.build()
	for _, r := range s.rooms {
		for _, p := range r.zone.Points {
			step := time.Minute
			if p.Quantity.IsState() {
				step = 5 * time.Minute
			}
			for at := now.Add(-24 * time.Hour).Truncate(time.Minute); at.Before(now); at = at.Add(step) {
				s.measure(r, p, at)
			}
			s.measure(r, p, now.Add(-time.Duration(3+hash(string(p.ID))%20)*time.Second))
		}
	}
	if story == Demo {
		s.troubles(now)
	}
	s.goods(now)
	s.papers(now)
	s.ages(now)
	if story == Demo {
		s.yard(now)
		s.drives(now)
	}
	s.estimates(now)
	s.office(now)
	s.provisional(now)
	s.machinery(now)
	s.desk(now)
	return s, nil
}

// estimates draws how warm the goods are where no probe lies in them; one that
// was set up a while ago is not known yet.
func (s *Scene) estimates(now time.Time) {
	s.Products = map[string]web.Product{}
	for i, r := range s.rooms {
		tau, limits, ok := alerting.DefaultProduct(string(r.zone.Kind))
		if !ok || r.fate == disagrees { // that one has a probe in the goods
			continue
		}
		s.Products[r.zone.ID] = web.Product{Known: i%7 != 6, Value: r.mean + 0.4, At: now, TimeConstant: tau, Limits: limits}
	}
}

// Run moves the values until ctx ends and tells the hub.
func (s *Scene) Run(ctx context.Context, hub *web.Hub, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, r := range s.rooms {
				if hash(r.zone.ID+fmt.Sprint(now.Unix()/int64(every.Seconds())))%3 != 0 {
					continue // not everybody speaks at once
				}
				for _, p := range r.zone.Points {
					if s.measure(r, p, now.Add(-time.Second)) {
						hub.Publish(web.ReadingEvent, string(p.ID))
					}
				}
			}
		}
	}
}

// Step measures every point at a moment and tells the hub.
func (s *Scene) Step(now time.Time, hub *web.Hub) {
	for _, r := range s.rooms {
		for _, p := range r.zone.Points {
			if s.measure(r, p, now.Add(-time.Second)) {
				hub.Publish(web.ReadingEvent, string(p.ID))
			}
		}
	}
	for _, g := range s.Boxes {
		hub.Publish(web.GatewayEvent, g.Name)
	}
}

// heldFor is how long a clockless room's records have been held.
const heldFor = 31 * time.Minute

// provisional draws what the gateways without a clock show of what they hold.
func (s *Scene) provisional(now time.Time) {
	for _, r := range s.rooms {
		if r.fate != clockless {
			continue
		}
		for i, g := range s.Boxes {
			if g.Site+"/" != r.zone.ID[:min(len(r.zone.ID), len(g.Site)+1)] {
				continue
			}
			for _, p := range r.zone.Points {
				v := s.value(r, p, now)
				outside := false
				for _, l := range r.zone.Limits[p.Quantity] {
					outside = outside || l.Crossed(v)
				}
				g.Provisional = append(g.Provisional, web.Provisional{Reading: sensors.NewGood(p.ID, now.Add(-21*time.Second), v), Outside: outside})
				g.Alarm = g.Alarm || outside
			}
			g.Held = 310
			s.Boxes[i] = g
		}
	}
}

// measure puts one reading, unless the fate of the room forbids it.
func (s *Scene) measure(r room, p sensors.Point, at time.Time) bool {
	before := s.start.Sub(at)
	switch {
	case r.fate == lost && before < 47*time.Minute,
		r.fate == clockless && before < heldFor,
		r.fate == gap && before > 9*time.Hour && before < 11*time.Hour+20*time.Minute:
		return false
	case r.fate == broken && before < 95*time.Minute && p.Quantity == sensors.Temperature:
		s.Put(sensors.NewBad(p.ID, at, sensors.SensorFault), p.Quantity, web.PointFault, at)
		return true
	}
	v := s.value(r, p, at)
	status := web.PointOK
	for _, l := range r.zone.Limits[p.Quantity] {
		if l.Crossed(v) {
			status = web.PointOut
		}
	}
	reading := sensors.NewGood(p.ID, at, v)
	if why := r.fate.doubt(p, before); why != sensors.NoReason {
		reading = sensors.NewUncertain(p.ID, at, v, why)
	}
	s.Put(reading, p.Quantity, status, at)
	return true
}

// doubt is why a point's value of before the start is not believed.
func (f fate) doubt(p sensors.Point, before time.Duration) sensors.Reason {
	switch {
	case f == jumps && p.Quantity == sensors.Temperature && before < 4*time.Minute:
		return sensors.RateOfChange
	case f == disagrees && p.Quantity == sensors.Temperature && before < 5*time.Hour:
		return sensors.Disagreement
	case f == expired && p.Quantity == sensors.Temperature && before < 14*time.Hour:
		return sensors.CalibrationExpired
	case f == unread && (p.Quantity == sensors.Humidity || p.Quantity == sensors.Compressor) && before < 3*time.Hour:
		return sensors.StatusUnread
	}
	return sensors.NoReason
}

func hash(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

// value is what a point shows at a time.
func (s *Scene) value(r room, p sensors.Point, at time.Time) float64 {
	phase := float64(hash(r.zone.ID)%1000) / 1000
	minutes := float64(at.UnixMilli()) / 60_000
	cycle := math.Mod(minutes/26+phase, 1)
	cooling := cycle < 0.4
	since := at.Sub(s.start).Minutes() // negative before the start
	switch p.Quantity {
	case sensors.Humidity:
		return math.Round(10*(78+12*math.Sin(minutes/190+phase*6)+3*math.Sin(minutes/7))) / 10
	case sensors.Door:
		return state(r.fate == warm && since > -34 || r.fate != failing && math.Mod(minutes/173+phase, 1) < 0.02)
	case sensors.Defrost:
		return state(r.fate != failing && math.Mod(minutes/360+phase, 1) < 0.04)
	case sensors.Compressor:
		return state(cooling && !(r.fate == failing && since > -80))
	case sensors.Mains:
		return state(r.fate != powerless && r.fate != generator || since < -22)
	case sensors.Generator:
		return state(r.fate == generator && since > -20)
	case sensors.BatteryOK:
		return state(r.fate != battery || since < -130)
	case sensors.BatteryVoltage:
		if r.fate == battery {
			return math.Round(10*(24.4-since/400)) / 10
		}
		return math.Round(10*(27.2+0.2*math.Sin(minutes/60))) / 10
	case sensors.SetPoint:
		return math.Round(2*r.mean) / 2
	case sensors.Latitude:
		return 40.1 + 0.3*math.Sin(minutes/240+phase*6)
	case sensors.Longitude:
		return 108.2 + 0.8*math.Cos(minutes/240+phase*6)
	}
	wave := (cycle-0.4)/0.6*2 - 1 // rises while idle, falls while cooling
	if cooling {
		wave = 1 - cycle/0.4*2
	}
	v := r.mean + r.swing*wave + 0.12*math.Sin(minutes*1.7+phase*9)
	if d := math.Mod(minutes/360+phase, 1); d < 0.1 { // defrost
		v += 2.2 * r.swing * math.Exp(-math.Pow((d-0.04)/0.025, 2))
	}
	switch {
	case r.fate == failing && since > -80:
		v = r.mean + r.swing + (since+80)*0.058*math.Exp(-(since+80)/400)
	case r.fate == warm && since > -34:
		v += (since + 34) * 0.11
	case r.fate == clockless && r.zone.Kind == config.Frozen && since > -40:
		v += (since + 40) * 0.09
	case r.fate == jumps && since > -4:
		v += 7
	case r.fate == disagrees && p.ID.Name() == "product" && since > -300:
		v += 2.1
	}
	return math.Round(v*100) / 100
}

func state(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// troubles raises the alarms that go with the fates.
func (s *Scene) troubles(now time.Time) {
	for _, r := range s.rooms {
		main, hasMain := r.zone.Main()
		switch r.fate {
		case failing:
			s.limitAlarm(r, main, 5, alerting.Excursion, 30*time.Minute, now)
		case warm: // a little beyond its warning by now
			s.limitAlarm(r, main, -17, alerting.Warning, 15*time.Minute, now)
		case broken:
			s.alarm(alerting.Alarm{Rule: alerting.Silence, Object: string(main.ID), Zone: r.zone.ID, Level: alerting.Warning, Reason: sensors.SensorFault,
				Start: now.Add(-95 * time.Minute), Raised: now.Add(-85 * time.Minute), Delay: 10 * time.Minute})
		case lost:
			if hasMain {
				s.alarm(alerting.Alarm{Rule: alerting.SiteSilent, Object: main.ID.Site(), Level: alerting.Warning,
					Start: now.Add(-47 * time.Minute), Raised: now.Add(-27 * time.Minute), Delay: 20 * time.Minute})
			}
		case gap:
			s.alarm(alerting.Alarm{Rule: alerting.HighLimit, Object: string(main.ID), Zone: r.zone.ID, Level: alerting.Excursion, State: alerting.Normal,
				Start: now.Add(-19 * time.Hour), Raised: now.Add(-18*time.Hour - 30*time.Minute), Returned: now.Add(-17 * time.Hour),
				Limit: 5, Delay: 30 * time.Minute, Peak: 6.4, LastValue: 4.3, HasValue: true})
		}
	}
	for i, a := range s.AlarmList {
		if a.State == alerting.Normal {
			s.AlarmList[i].Acknowledged = &web.Acknowledgement{At: a.Start.Add(36 * time.Minute), By: "巴特尔 (token)", Note: "除霜后恢复"}
		}
	}
}

// limitAlarm finds in what was drawn when the limit was crossed and how far.
func (s *Scene) limitAlarm(r room, p sensors.Point, limit float64, level alerting.Level, delay time.Duration, now time.Time) {
	a := alerting.Alarm{Rule: alerting.HighLimit, Object: string(p.ID), Zone: r.zone.ID, Level: level, Limit: limit, Delay: delay, HasValue: true, LastSeen: now}
	for _, rec := range s.outsideRun(p.ID, limit) {
		v, _ := rec.Value()
		if a.Start.IsZero() {
			a.Start, a.Peak = rec.Time, v
		}
		a.Peak, a.LastValue = max(a.Peak, v), v
	}
	if a.Start.IsZero() {
		return // it has not got that far
	}
	a.Raised = a.Start.Add(delay)
	s.alarm(a)
}

// outsideRun is the newest run of readings above a limit.
func (s *Scene) outsideRun(p sensors.PointID, limit float64) []store.Record {
	all := s.Stored[p]
	i := len(all)
	for i > 0 {
		if v, ok := all[i-1].Value(); !ok || v <= limit {
			break
		}
		i--
	}
	return all[i:]
}

func (s *Scene) alarm(a alerting.Alarm) {
	a.ID = alerting.AlarmID(a.Rule, a.Object, a.Start)
	a.Class = alerting.Live
	if a.State == "" {
		a.State = alerting.Unacknowledged
	}
	if a.LastSeen.IsZero() {
		a.LastSeen = a.Raised
	}
	s.AlarmList = append(s.AlarmList, web.Alarm{Alarm: a})
}

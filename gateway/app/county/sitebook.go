package county

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/alerting/trip"
	"coldchain/alerting/watch"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// books composes what each site is told of itself beside its limits: so that its
// gateway judges as the county does, with or without a network.
type books struct {
	sites []config.Site
	rooms map[string]wire.ZoneBook // what a configuration says of a zone
	goods *goods
	set   func(site string, b wire.SiteBook) error
	// answers are what people have answered of the sites' alarms, by site; nil:
	// nobody is told.
	answers func(context.Context) (map[string][]wire.AlarmAnswer, error)
	// heard are the alarms that the county looks after, by site; nil: no site is
	// told.
	heard func(context.Context) (map[string][]wire.AlarmHeard, error)
}

const (
	// endedStays and words are what a truck is told of before: what its box held,
	// and what was said of it. The newest of each decides.
	endedStays, toldWords = 16, 16
	mostStays             = 200 // in a room; of more the newest
	mostAnswers           = 100 // of a site
)

func newBooks(cfg *config.County, g *goods, set func(string, wire.SiteBook) error) *books {
	b := &books{sites: cfg.Sites, rooms: map[string]wire.ZoneBook{}, goods: g, set: set}
	for _, z := range cfg.EngineZones() {
		b.rooms[z.ID] = wire.ZoneBook{Zone: z.ID, Product: productBook(z.Product), Masks: masksBook(z.Masks), Learns: z.LearnsDefrost}
	}
	for _, s := range cfg.Sites {
		zone, _, _ := strings.Cut(s.Outdoor, "/")
		if room, measured := b.rooms[s.ID+"/"+zone]; measured && s.Outdoor != "" {
			room.Outdoor = s.ID + "/" + s.Outdoor
			b.rooms[room.Zone] = room
		}
	}
	for _, z := range cfg.WatchZones() {
		room := b.rooms[z.ID]
		room.Watch = rulesBook(z.Rules)
		b.rooms[z.ID] = room
	}
	return b
}

// tell hands the sites' books over. One that cannot be composed leaves that of
// before.
func (b *books) tell(ctx context.Context) {
	answers := map[string][]wire.AlarmAnswer{}
	if b.answers != nil {
		var err error
		if answers, err = b.answers(ctx); err != nil {
			b.goods.log.Error("which alarms were answered is not told to the sites; trying again", "error", err)
			return
		}
	}
	heard := map[string][]wire.AlarmHeard{}
	if b.heard != nil {
		var err error
		if heard, err = b.heard(ctx); err != nil {
			b.goods.log.Error("which alarms are looked after is not told to the sites; trying again", "error", err)
			return
		}
	}
	stays, usual, taus := b.goods.lying()
	use := b.goods.usage.told()
	for _, s := range b.sites {
		if s.Gateway == "" {
			continue
		}
		book := wire.SiteBook{Answers: answers[s.ID], Heard: heard[s.ID], Truck: use.trucks[s.ID]}
		for _, z := range s.Zones {
			id := s.ID + "/" + z.ID
			room := b.rooms[id]
			if z.Kind != config.Technical {
				room.Switches, room.Stays = use.rooms[id], staysBook(stays[id])
			}
			if tau := taus[id]; tau != 0 && room.Product != nil {
				own := *room.Product
				own.TimeConstantMS = tau.Milliseconds()
				room.Product = &own
			}
			if room.Watch != nil && room.Watch.PullDown != nil {
				room.Usual = collector.LinesOf(usual[id])
			}
			book.Zones = append(book.Zones, room)
		}
		if err := b.set(s.ID, book); err != nil {
			b.goods.log.Error("what is known of a site is not told to it", "site", s.ID, "error", err)
		}
	}
}

func productBook(p *alerting.Product) *wire.BookProduct {
	if p == nil {
		return nil
	}
	return &wire.BookProduct{Probe: string(p.Probe), Air: string(p.Air), TimeConstantMS: p.TimeConstant.Milliseconds(), Lines: collector.LinesOf(p.Limits)}
}

func masksBook(masks map[sensors.Quantity]alerting.Mask) (out []wire.BookMask) {
	for q, m := range masks {
		out = append(out, wire.BookMask{Quantity: string(q), ForMS: m.For.Milliseconds(), AfterMS: m.After.Milliseconds(), Above: m.Above})
	}
	slices.SortFunc(out, func(a, b wire.BookMask) int { return cmp.Compare(a.Quantity, b.Quantity) })
	return out
}

func rulesBook(r watch.Rules) *wire.BookRules {
	if r == (watch.Rules{}) {
		return nil
	}
	out := &wire.BookRules{}
	if x := r.RateOfRise; x != nil {
		out.Rise = &wire.BookRise{Rise: x.Rise, WithinMS: x.Within.Milliseconds()}
	}
	if x := r.PullDown; x != nil {
		out.PullDown = &wire.BookPullDown{Target: x.Target, WithinMS: x.Within.Milliseconds()}
	}
	if x := r.Condensation; x != nil {
		out.Condensation = &wire.BookCondensation{Margin: x.Margin, DelayMS: x.Delay.Milliseconds(), WarmingMS: x.Warming.Milliseconds()}
	}
	if x := r.Compressor; x != nil {
		out.Compressor = &wire.BookCompressor{SetPoint: x.SetPoint, Differential: x.Differential, SilentMS: x.Silent.Milliseconds()}
	}
	return out
}

func staysBook(list []watch.Stay) (out []wire.BookStay) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b watch.Stay) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Batch, b.Batch)) })
	for _, s := range list[max(0, len(list)-mostStays):] {
		out = append(out, wire.BookStay{Batch: s.Batch, FromMS: s.From.UnixMilli(), Out: s.Out})
	}
	return out
}

// lying is what lies in each zone, the limits that hold there while nothing is
// being cooled, and how slowly it follows the air.
func (g *goods) lying() (map[string][]watch.Stay, map[string][]alerting.Limit, map[string]time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lies, g.usual, g.taus
}

// toldUse is what sites are told of how they are used.
type toldUse struct {
	rooms  map[string][]wire.BookSwitch // of rooms that are or were out of use
	trucks map[string]*wire.TruckBook   // by site
}

func (u *usage) told() toldUse {
	out := toldUse{map[string][]wire.BookSwitch{}, map[string]*wire.TruckBook{}}
	_ = u.judging(func(*engine.Engine) error { // which returns nil
		for zone := range u.disuses {
			if u.isBox(zone) {
				continue
			}
			for _, s := range u.timeline(zone) {
				ms := int64(0)
				if !s.At.IsZero() {
					ms = max(0, s.At.UnixMilli())
				}
				out.rooms[zone] = append(out.rooms[zone], wire.BookSwitch{AtMS: ms, On: s.On})
			}
		}
		for site, t := range u.trucks {
			out.trucks[site] = truckBook(t.box, u.stays[t.box], u.said[site])
		}
		return nil
	})
	return out
}

func truckBook(box string, stays []trip.Stay, said []trip.Say) *wire.TruckBook {
	b := &wire.TruckBook{Box: box}
	ended := 0
	stays = slices.Clone(stays) // the newest first, those that last before them
	slices.SortFunc(stays, func(x, y trip.Stay) int {
		if x.To.IsZero() != y.To.IsZero() {
			if x.To.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(y.To.Compare(x.To), y.From.Compare(x.From))
	})
	for _, s := range stays {
		one := wire.BookStay{FromMS: s.From.UnixMilli()}
		if !s.To.IsZero() {
			if ended++; ended > endedStays {
				break
			}
			one.ToMS = s.To.UnixMilli()
		}
		if len(b.Stays) < mostStays {
			b.Stays = append(b.Stays, one)
		}
	}
	for _, s := range slices.Backward(said) {
		if s.Empty && len(b.EmptyMS) < toldWords {
			b.EmptyMS = append(b.EmptyMS, s.At.UnixMilli())
		}
		if s.Phase != "" && b.Phase == nil {
			b.Phase = &wire.TruckPhase{AtMS: s.At.UnixMilli(), Phase: string(s.Phase), Inferred: string(s.Inferred), By: s.By}
		}
	}
	return b
}

// answered is what people have answered of the alarms that are present, by site:
// there the siren is silent for as long as each is in somebody's hands. What was
// silenced at the site itself the site knows.
func (f *office) answered(ctx context.Context) (map[string][]wire.AlarmAnswer, error) {
	open, err := f.state.Alarms(ctx, state.AlarmFilter{Open: true})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range open {
		// How old goods are is judged at the county alone: no siren speaks of it.
		if a.State.Present() && a.Class != alerting.Late && !a.AckedAt.IsZero() && a.Rule != alerting.Spoilage {
			ids = append(ids, a.ID)
		}
	}
	out := map[string][]wire.AlarmAnswer{}
	if len(ids) == 0 {
		return out, nil
	}
	answers, err := f.state.AnswersTo(ctx, ids...)
	if err != nil {
		return nil, err
	}
	p, err := f.state.People(ctx)
	if err != nil {
		return nil, err
	}
	plan := f.plan(p.Plan)
	for _, a := range open {
		var steps []duty.Step
		for _, s := range answers[a.ID].Steps {
			if !strings.HasPrefix(s.Person, "site/") {
				steps = append(steps, s.Step)
			}
		}
		until, last, ok := plan.InHands(steps, a.Level)
		site, _, _ := strings.Cut(a.Object, "/")
		if !ok || a.Rule == alerting.Spoilage || !until.After(f.now()) || len(out[site]) == mostAnswers {
			continue
		}
		out[site] = append(out[site], wire.AlarmAnswer{Rule: string(a.Rule), Object: a.Object, StartMS: a.Start.UnixMilli(), Level: string(a.Level),
			By: f.places.Person(last.Person), AtMS: last.At.UnixMilli(), UntilMS: until.UnixMilli()})
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y wire.AlarmAnswer) int {
			return cmp.Or(cmp.Compare(x.StartMS, y.StartMS), cmp.Compare(x.Object, y.Object), cmp.Compare(x.Rule, y.Rule))
		})
	}
	return out, nil
}

// heard are the excursions and power cuts that the county looks after, by site:
// somebody has been told, or nobody is to be, as it is planned, shelved, or folded
// under another one. A site with a modem tells people of the others itself.
func (f *office) heard(ctx context.Context) (map[string][]wire.AlarmHeard, error) {
	if f.desk == nil {
		return nil, nil // nobody is told of anything here
	}
	open, err := f.state.Alarms(ctx, state.AlarmFilter{Open: true})
	if err != nil {
		return nil, err
	}
	open = slices.DeleteFunc(open, func(a state.Alarm) bool {
		return !a.State.Present() || a.Class == alerting.Late || !duty.IsCritical(a.Rule, a.Level)
	})
	if len(open) == 0 {
		return nil, nil
	}
	s, err := f.recent(ctx)
	if err != nil {
		return nil, err
	}
	told := map[string]bool{}
	for _, t := range s.Told {
		if !slices.ContainsFunc(t.Attempts, duty.Attempt.OK) {
			continue
		}
		for _, c := range t.Covers {
			told[c.Alarm] = true
		}
	}
	out, now := map[string][]wire.AlarmHeard{}, f.now()
	for _, a := range open {
		site, _, _ := strings.Cut(a.Object, "/")
		withheld := !duty.Standing(a.Alarm, s.Situation, s.under[a.ID] != "", now).Present()
		if (told[a.ID] || withheld) && len(out[site]) < mostAnswers {
			out[site] = append(out[site], wire.AlarmHeard{Rule: string(a.Rule), Object: a.Object, StartMS: a.Start.UnixMilli()})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y wire.AlarmHeard) int {
			return cmp.Or(cmp.Compare(x.StartMS, y.StartMS), cmp.Compare(x.Object, y.Object), cmp.Compare(x.Rule, y.Rule))
		})
	}
	return out, nil
}

package county

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	notifymqtt "coldchain/alerting/notify/mqtt"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/outbox"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// office is who tells people: desk, sender and channels, and what the page asks
// and answers about them. Without a channel in the configuration nothing is
// decided and nothing is sent.
type office struct {
	cfg       *config.County
	state     *state.DB
	hub       *web.Hub
	left      func(ctx context.Context, a alerting.Alarm) *web.Left
	ages      func(alerting.Alarm) *ageing.Outlook
	now       func() time.Time
	log       *slog.Logger
	location  *time.Location
	places    places
	key       []byte               // signs links
	collector *collector.Collector // set before Run and before the page serves, as is usage
	usage     *usage

	channels *Channels
	sender   *outbox.Sender // nil without a channel, as is desk
	desk     *outbox.Desk

	roster  atomic.Pointer[duty.Roster] // as it was last read, for names
	proving sync.Mutex                  // one PIN at a time
	morning standing

	deciding map[string]alerting.Alarm // what the desk looks at, by alarm; the desk's
	resting  time.Time                 // until then the store is not asked; the desk's

	mu      sync.Mutex
	seen    sighting
	seenAny bool
}

// looksFor is how long the page may see people as they were: a storm asks for
// thousands of alarms at once.
const looksFor = 2 * time.Second

// officeOptions are what the office stands on.
type officeOptions struct {
	cfg       *config.County
	state     *state.DB
	hub       *web.Hub
	left      func(ctx context.Context, a alerting.Alarm) *web.Left
	ages      func(alerting.Alarm) *ageing.Outlook
	publisher notifymqtt.Publisher
	now       func() time.Time
	log       *slog.Logger
}

func newOffice(o officeOptions) (*office, error) {
	zone := o.cfg.Timezone
	if zone == "" {
		zone = "Asia/Shanghai"
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("timezone: %w", err)
	}
	f := &office{cfg: o.cfg, state: o.state, hub: o.hub, left: o.left, ages: o.ages, now: o.now, log: o.log, location: location}
	f.places = places{zones: map[string]config.Zone{}, sites: map[string]config.Site{}, roster: &f.roster}
	for _, s := range o.cfg.Sites {
		f.places.sites[s.ID] = s
		for _, z := range s.Zones {
			f.places.zones[s.ID+"/"+z.ID] = z
		}
	}
	if f.key, err = answerKey(filepath.Join(o.cfg.Data, "answer.key"), o.log); err != nil {
		return nil, err
	}
	if f.channels, err = NewChannels(o.cfg.Notify, ChannelOptions{Now: o.now, Logger: o.log, Publisher: o.publisher, Reply: f.reply}); err != nil {
		return nil, err
	}
	if len(f.channels.ByName) == 0 {
		o.log.Warn("nobody is told of alarms: no channel is configured; add notify.channels")
		return f, nil
	}
	return f, f.open()
}

// open builds sender and desk, which wake each other.
func (f *office) open() (err error) {
	var ways []outbox.Channel
	for _, name := range slices.Sorted(maps.Keys(f.channels.ByName)) {
		c, kind := f.channels.ByName[name], f.cfg.Notify.Channels[name].Kind()
		ways = append(ways, outbox.Channel{Name: name, Notifier: c, Rates: c.Rates(), Group: slices.Contains(rooms(), kind), Parallel: parallel(kind)})
	}
	f.sender, err = outbox.New(outbox.Config{
		Store: attempts{f.state, func() { f.desk.Wake() }}, Channels: ways, Now: f.now, Log: f.log,
		Cancelled: func() { f.desk.Wake() },
		Person:    f.person, Link: f.link, Alarms: f.alarmsOf,
	})
	if err != nil {
		return err
	}
	f.desk, err = outbox.NewDesk(outbox.DeskConfig{
		Store: deskStore{f}, Now: f.now, Log: f.log, Location: f.location, Names: f.places, Unit: f.places.unit,
		Left: f.leftOf, Ages: f.ages, Decided: f.sender.Wake,
	})
	return err
}

// parallel is how many people are told at once by a kind of channel; 0: as many
// as usual. A modem has one line; mail servers close the door on many.
func parallel(kind string) int {
	switch kind {
	case "sms_modem":
		return 1
	case "email":
		return 4
	}
	return 0
}

// rooms are the kinds of channel whose messages all stand where many read.
func rooms() []string { return []string{"wecom", "dingtalk", "feishu"} }

// run tells people until ctx ends, and then waits for what is with a channel.
func (f *office) run(ctx context.Context) {
	if f.desk == nil {
		return
	}
	// The modems stay until the sender has written down what became of its last
	// messages.
	modems, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var channels, deciding sync.WaitGroup
	channels.Go(func() { f.channels.Run(modems) })
	deciding.Go(func() { _ = f.sender.Run(ctx) }) // both end with their context only
	deciding.Go(func() { _ = f.desk.Run(ctx) })
	deciding.Wait()
	stop()
	channels.Wait()
}

// changed is called after anything that decides about messages has changed.
func (f *office) changed() {
	f.mu.Lock()
	f.seenAny = false
	f.mu.Unlock()
	f.alarmsChanged()
}

// alarmsChanged wakes the desk.
func (f *office) alarmsChanged() {
	if f.desk != nil {
		f.desk.Wake()
	}
}

// look reads the situation and completes it.
func (f *office) look(ctx context.Context, now time.Time) (duty.Situation, error) {
	before := f.roster.Load()
	s, err := f.state.Situation(ctx, now)
	if err != nil {
		return s, err
	}
	f.roster.CompareAndSwap(before, &s.Roster) // somebody may have written a newer one meanwhile
	f.complete(&s)
	s.Filing, err = f.filing(ctx, now, s.Began)
	return s, err
}

// sighting is a look for the page.
type sighting struct {
	duty.Situation
	at     time.Time
	folded map[string]int    // alarms that are told of by another one, by that one
	under  map[string]string // the same: which is told of by which
}

// recent is a sighting at most looksFor old. It is not to be changed.
func (f *office) recent(ctx context.Context) (sighting, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if f.seenAny && now.Sub(f.seen.at).Abs() < looksFor {
		return f.seen, nil
	}
	s, err := f.look(ctx, now)
	if err != nil {
		f.seenAny = false
		return sighting{}, err
	}
	f.seen, f.seenAny = sighting{s, now, map[string]int{}, duty.Folded(now, s)}, true
	for _, under := range f.seen.under {
		f.seen.folded[under]++
	}
	return f.seen, nil
}

// complete adds what county.db does not know.
func (f *office) complete(s *duty.Situation) {
	s.Location, s.Sites, s.Plan = f.location, len(f.cfg.Sites), f.plan(s.Plan)
	for i := range s.Alarms {
		a := &s.Alarms[i]
		if f.collector != nil {
			a.Place.Bus, a.Place.Device = f.collector.HangsOn(a.Alarm)
		}
		a.Place.Gateway = f.places.sites[a.Site()].Gateway
	}
	if s.Began.IsZero() {
		s.Began = f.now() // nobody is in the roster yet: no drill was missed
	}
	// Asking after every point of a county would hold up judging: that is for the
	// morning's message, and not for each alarm.
	if f.collector != nil && s.Plan.Morning.Told(f.now().In(f.location)) {
		s.Stores = f.stores()
		s.Disuses = f.usage.resting(s.Disuses, f.now())
	}
}

// plan gives a plan the channels of the configuration, and an order where
// nobody has chosen one: what rings first.
func (f *office) plan(p duty.Plan) duty.Plan {
	p.Channels = nil
	for name, c := range f.channels.ByName {
		p.Channels = append(p.Channels, duty.Channel{Name: name, Medium: medium(f.cfg.Notify.Channels[name].Kind()), Rates: c.Rates()})
	}
	order := []duty.Medium{duty.Voice, duty.SMS, duty.Robot, duty.Mail}
	slices.SortFunc(p.Channels, func(x, y duty.Channel) int {
		if d := slices.Index(order, x.Medium) - slices.Index(order, y.Medium); d != 0 {
			return d
		}
		return strings.Compare(x.Name, y.Name)
	})
	for _, chain := range []*duty.Chain{&p.Critical, &p.Warning} {
		if len(chain.Channels) > 0 {
			continue
		}
		for _, c := range p.Channels {
			chain.Channels = append(chain.Channels, c.Name)
		}
	}
	return p
}

func medium(kind string) duty.Medium {
	switch kind {
	case "aliyun_voice":
		return duty.Voice
	case "aliyun_sms", "sms_modem":
		return duty.SMS
	case "email":
		return duty.Mail
	}
	return duty.Robot
}

// person finds whom a message is for.
func (f *office) person(ctx context.Context, id string) (duty.Person, bool, error) {
	before := f.roster.Load()
	p, err := f.state.People(ctx)
	if err != nil {
		return duty.Person{}, false, err
	}
	f.roster.CompareAndSwap(before, &p.Roster)
	x, ok := p.Roster.Person(id)
	return x, ok, nil
}

// mostAlarms is how many alarms a message names for machines.
const mostAlarms = 100

func (f *office) alarmsOf(ctx context.Context, covers []duty.Cover) []alerting.Alarm {
	ids := make([]string, min(mostAlarms, len(covers)))
	for i := range ids {
		ids[i] = covers[i].Alarm
	}
	out, err := f.state.NamedAlarms(ctx, ids...)
	if err != nil { // the words tell of it; a message must not wait for this
		f.log.Warn("a message goes without its alarms for machines", "error", err)
	}
	return out
}

// linkLasts is how long a link can be used.
const linkLasts = 24 * time.Hour

// link is where a message can be answered without signing in.
func (f *office) link(i duty.Intent) string {
	if f.cfg.Web.PublicURL == "" || !answerable(i.Kind) {
		return ""
	}
	return strings.TrimSuffix(f.cfg.Web.PublicURL, "/") + web.AnswerLink(f.key, i.Key, i.At.Add(linkLasts))
}

// answerable reports whether a message wants an answer.
func answerable(k notify.Kind) bool {
	return slices.Contains([]notify.Kind{notify.Raised, notify.Grown, notify.Reminder, notify.Digest, notify.Drill}, k)
}

// leftPatience is how long the desk waits for a store that has to say how long
// there is left: the message is more urgent. After one that was too slow it does
// not ask for leftRest.
const (
	leftPatience = time.Second
	leftRest     = time.Minute
)

// leftOf says how long an alarm has until its limit. It is the desk's alone, as
// are the fields that it uses.
func (f *office) leftOf(id string) (time.Duration, bool) {
	a, known := f.deciding[id]
	if !known || f.now().Before(f.resting) {
		return 0, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), leftPatience)
	defer cancel()
	l := f.left(ctx, a)
	if ctx.Err() != nil {
		f.resting = f.now().Add(leftRest)
	}
	if l == nil {
		return 0, false
	}
	return l.Earliest, true
}

// answerKey reads the key that signs links, and makes one at the first start or
// when the file is damaged: links that were sent are then void, which is better
// than a county that does not start.
func answerKey(path string, log *slog.Logger) ([]byte, error) {
	const least = 32
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) >= least:
		return key, nil
	case err == nil:
		log.Warn("the key that signs links is damaged; a new one is made, links that were sent are void", "file", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the key that signs links: %w", err)
	}
	key = []byte(rand.Text() + rand.Text()) // 256 bits
	fresh := path + ".new"
	if err := errors.Join(os.WriteFile(fresh, key, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, fmt.Errorf("the key that signs links: %w", err)
	}
	return key, nil
}

// attempts tells the desk of every outcome.
type attempts struct {
	*state.DB
	wake func()
}

// RecordAttempt implements outbox.Store.
func (a attempts) RecordAttempt(ctx context.Context, actor state.Actor, keys []string, at duty.Attempt, receipt string, next []time.Time) error {
	if err := a.DB.RecordAttempt(ctx, actor, keys, at, receipt, next); err != nil {
		return err
	}
	a.wake()
	return nil
}

// publisherFunc publishes by a link that is not there yet.
type publisherFunc func(ctx context.Context, topic string, payload []byte) error

// Publish implements the mqtt channel's Publisher.
func (p publisherFunc) Publish(ctx context.Context, topic string, payload []byte) error {
	return p(ctx, topic, payload)
}

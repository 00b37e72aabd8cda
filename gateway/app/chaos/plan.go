package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what is done to the county.
type Kind string

// The faults.
const (
	EdgeKilled          Kind = "edge killed"
	CollectorKilled     Kind = "collector killed"
	BrokerKilled        Kind = "broker killed"
	BrokerForgot        Kind = "broker's state deleted"
	DatabaseKilled      Kind = "database killed"
	DatabaseStopped     Kind = "database stopped for long"
	LinkCut             Kind = "link cut"
	LinkDelayed         Kind = "link delayed"
	LinkThrottled       Kind = "link throttled"
	LinkHalfOpen        Kind = "link half open"
	DiskFilled          Kind = "disk filled"
	JournalTruncated    Kind = "journal truncated"
	JournalFlipped      Kind = "bytes flipped in journal"
	WALDamaged          Kind = "journal's log damaged"
	JournalRestored     Kind = "old journal restored"
	CountyRestored      Kind = "old county.db restored"
	MessagesRedelivered Kind = "messages redelivered"
	Poison              Kind = "poison sent"
	SlaveUnwell         Kind = "slave silent or refusing"
	ClockForward        Kind = "clock set forward"
	ClockBack           Kind = "clock set back"
	ClockGlitch         Kind = "clock in 2036 for a moment"
	ClockNone           Kind = "started without a clock"
	ClockNever          Kind = "started without a clock, never got one"
)

// The sites and what they are for.
const (
	Store  = "balagong"   // its journal is damaged
	Small  = "xini"       // its disk is small
	Roamer = "truck-1"    // its clock is wrong
	Bad    = "ulan-ondor" // its gateway, the harness itself, sends poison
)

// Sites are those that are polled.
func Sites() []string { return []string{Store, Small, Roamer} }

// CollectorBroker and the others are links; an edge's is named after its site.
const (
	CollectorBroker   = "collector-broker"
	CollectorDatabase = "collector-database"
)

// Strike is one fault: where, when after the beginning, and for how long.
type Strike struct {
	Kind   Kind
	Target string // site, link or nothing
	At     time.Duration
	For    time.Duration
	// Offline cuts the site's link shortly before, so that what is damaged was
	// not delivered; Killed kills the agent halfway.
	Offline, Killed bool
	// Roll is for what the fault itself decides: which byte, how much.
	Roll uint64
}

// Plan is a round's strikes in order of time.
type Plan struct {
	Seed    uint64
	Strikes []Strike
	Length  time.Duration // after which the last has ended
	// CopyAt is when an agent's journal, and the county, are copied for the
	// strikes that put an old one back.
	CopyAt time.Duration
}

// entry is a fault of a deck.
type entry struct {
	kind    Kind
	targets []string
	most    time.Duration
	offline bool
}

func deck() []entry {
	links := []string{Store, Small, Roamer, CollectorBroker, CollectorDatabase}
	const s = time.Second
	return []entry{
		{kind: BrokerForgot, most: 3 * s},
		{kind: DatabaseStopped, most: 18 * s},
		{kind: LinkCut, targets: links, most: 6 * s},
		{kind: LinkDelayed, targets: links, most: 6 * s},
		{kind: LinkThrottled, targets: links, most: 6 * s},
		{kind: LinkHalfOpen, targets: links, most: 15 * s},
		{kind: DiskFilled, targets: []string{Small}, most: 10 * s},
		{kind: JournalTruncated, targets: []string{Store}, most: 6 * s, offline: true},
		{kind: JournalFlipped, targets: []string{Store}, most: 6 * s, offline: true},
		{kind: WALDamaged, targets: []string{Store}, most: 6 * s, offline: true},
		{kind: JournalRestored, targets: []string{Store, Small}, most: 6 * s, offline: true},
		{kind: CountyRestored, most: s},
		{kind: MessagesRedelivered, most: s},
		{kind: Poison, most: s},
		{kind: SlaveUnwell, targets: Sites(), most: 4 * s},
	}
}

// copyAt leaves the agents time to have something worth copying.
const copyAt = 8 * time.Second

// MakePlan draws a round from a seed and nothing else: every fault of the deck
// once, in an order of its own, kills among them, and a clock that goes wrong
// all the while.
func MakePlan(seed uint64) Plan {
	r := rand.New(rand.NewPCG(seed, 0))
	p := Plan{Seed: seed, CopyAt: copyAt}
	p.main(r)
	p.clocks(r)
	p.kills(r)
	slices.SortStableFunc(p.Strikes, func(a, b Strike) int { return cmp.Compare(a.At, b.At) })
	return p
}

func (p *Plan) add(r *rand.Rand, s Strike) {
	s.Roll = r.Uint64()
	p.Strikes = append(p.Strikes, s)
	p.Length = max(p.Length, s.At+s.For)
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// main is the deck, one after the other.
func (p *Plan) main(r *rand.Rand) {
	cards := deck()
	r.Shuffle(len(cards), func(i, j int) { cards[i], cards[j] = cards[j], cards[i] })
	// A copy must be old before it is put back.
	slices.SortStableFunc(cards, func(a, b entry) int { return cmp.Compare(a.late(), b.late()) })
	at := copyAt + 3*time.Second
	for _, c := range cards {
		s := Strike{Kind: c.kind, At: at, For: between(r, c.most*2/3, c.most)}
		if len(c.targets) > 0 {
			s.Target = pick(r, c.targets)
		}
		s.Offline = c.offline && r.IntN(3) > 0
		s.Killed = c.kind == DiskFilled && r.IntN(2) > 0
		p.add(r, s)
		at = s.At + s.For + between(r, 500*time.Millisecond, 2500*time.Millisecond)
	}
}

func (c entry) late() int {
	switch c.kind {
	case JournalRestored, CountyRestored:
		return 1
	case Poison: // which an old county.db would not remember
		return 2
	}
	return 0
}

// clocks is what happens to the roaming site's clock. A step is believed after
// half a minute.
func (p *Plan) clocks(r *rand.Rand) {
	kinds := []Kind{ClockForward, ClockBack, ClockNone, ClockNever, ClockGlitch}
	r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	at := copyAt
	for _, k := range kinds {
		last := between(r, 5*time.Second, 8*time.Second)
		if k == ClockForward || k == ClockBack {
			last = between(r, 33*time.Second, 36*time.Second)
		}
		p.add(r, Strike{Kind: k, Target: Roamer, At: at, For: last})
		at += last + between(r, time.Second, 4*time.Second)
	}
}

// kills come at random moments between all of this, but not where the same
// thing is down already.
func (p *Plan) kills(r *rand.Rand) {
	kinds := []Kind{EdgeKilled, EdgeKilled, EdgeKilled, CollectorKilled, CollectorKilled, BrokerKilled, DatabaseKilled}
	for at := copyAt; at < p.Length; at += between(r, 2*time.Second, 7*time.Second) {
		s := Strike{Kind: pick(r, kinds), At: at, For: between(r, 300*time.Millisecond, 2500*time.Millisecond)}
		if s.Kind == EdgeKilled || s.Kind == CollectorKilled {
			s.For = 0
		}
		if s.Kind == EdgeKilled {
			s.Target = pick(r, Sites())
		}
		if !p.taken(s) {
			p.add(r, s)
		}
	}
}

// taken reports whether another strike needs what this one would take away.
func (p *Plan) taken(s Strike) bool {
	needs := map[Kind][]Kind{
		BrokerKilled:    {BrokerForgot, BrokerKilled},
		DatabaseKilled:  {DatabaseStopped, CountyRestored, DatabaseKilled},
		CollectorKilled: {CountyRestored},
	}
	return slices.ContainsFunc(p.Strikes, func(o Strike) bool {
		return slices.Contains(needs[s.Kind], o.Kind) && s.At < o.At+o.For+time.Second && o.At-time.Second < s.At+s.For
	})
}

// String is a line for people.
func (s Strike) String() string {
	text := fmt.Sprintf("%6.1fs  %s", s.At.Seconds(), s.Kind)
	if s.Target != "" {
		text += " (" + s.Target + ")"
	}
	if s.For > 0 {
		text += fmt.Sprintf(" for %.1fs", s.For.Seconds())
	}
	if s.Offline {
		text += ", offline"
	}
	if s.Killed {
		text += ", agent killed meanwhile"
	}
	return text
}

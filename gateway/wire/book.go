package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"coldchain/sensors"
)

// SiteBook is what the county knows of a site and nobody there can measure: what
// its rooms are watched for, what lies in them by the books, and who has answered
// its alarms. A site says by its status which version it has, and is sent a newer
// one. The version is the county's name for it: a gateway that does not know every
// field of it yet takes those that it knows.
type SiteBook struct {
	Version string        `json:"version"` // BookVersion of the rest
	Zones   []ZoneBook    `json:"zones,omitempty"`
	Truck   *TruckBook    `json:"truck,omitempty"` // nil: the site is none that is followed
	Answers []AlarmAnswer `json:"answers,omitempty"`
	// Heard are the alarms that the county looks after: somebody was told of each
	// there, or nobody is to be. Of these the site's modem tells nobody.
	Heard []AlarmHeard `json:"heard,omitempty"`
}

// ZoneBook is what is known of one zone.
type ZoneBook struct {
	Zone string `json:"zone"` // "site/zone"
	// Switches say when its limits hold; before the first they do. A truck's box
	// has none: that is worked out from its door.
	Switches []BookSwitch `json:"switches,omitempty"`
	Stays    []BookStay   `json:"stays,omitempty"` // of the batches that lie there now
	Watch    *BookRules   `json:"watch,omitempty"` // nil: nothing but lines is watched
	// Outdoor is the point of it that measures the weather and not its air.
	Outdoor string       `json:"outdoor,omitempty"`
	Product *BookProduct `json:"product,omitempty"`
	Masks   []BookMask   `json:"masks,omitempty"`
	Learns  bool         `json:"learns_defrost,omitempty"` // defrosts are learned from its air
	// Usual are the temperature limits that hold while nothing is being cooled
	// there, of a zone that has a pull-down: a gateway that watches it itself
	// judges by these.
	Usual []LimitLine `json:"usual,omitempty"`
}

// BookSwitch is a moment from which limits hold, or do not.
type BookSwitch struct {
	AtMS int64 `json:"at_ms"`
	On   bool  `json:"on,omitempty"`
}

// BookStay is a time in which a zone holds a batch.
type BookStay struct {
	Batch  string `json:"batch,omitempty"`
	FromMS int64  `json:"from_ms"`
	ToMS   int64  `json:"to_ms,omitempty"` // 0: it is there still
	Out    string `json:"out,omitempty"`   // the zone that it came from
}

// BookRules are the rules of package watch, in °C and ms; nil: not that one.
type BookRules struct {
	Rise         *BookRise         `json:"rise,omitempty"`
	PullDown     *BookPullDown     `json:"pull_down,omitempty"`
	Condensation *BookCondensation `json:"condensation,omitempty"`
	Compressor   *BookCompressor   `json:"compressor,omitempty"`
}

// BookRise is how fast the air may warm.
type BookRise struct {
	Rise     float64 `json:"rise"`
	WithinMS int64   `json:"within_ms"`
}

// BookPullDown is how fast warm goods must get cold.
type BookPullDown struct {
	Target   float64 `json:"target"`
	WithinMS int64   `json:"within_ms"`
}

// BookCondensation is when water settles on goods.
type BookCondensation struct {
	Margin    float64 `json:"margin"`
	DelayMS   int64   `json:"delay_ms"`
	WarmingMS int64   `json:"warming_ms"`
}

// BookCompressor is when a compressor ought to run.
type BookCompressor struct {
	SetPoint     float64 `json:"set_point"`
	Differential float64 `json:"differential"`
	SilentMS     int64   `json:"silent_ms"`
}

// BookProduct is how the goods themselves are judged.
type BookProduct struct {
	Probe          string      `json:"probe,omitempty"` // point in the goods
	Air            string      `json:"air,omitempty"`   // point around them
	TimeConstantMS int64       `json:"time_constant_ms,omitempty"`
	Lines          []LimitLine `json:"lines,omitempty"`
}

// BookMask is how far a switch excuses its room.
type BookMask struct {
	Quantity string  `json:"quantity"`
	ForMS    int64   `json:"for_ms"`
	AfterMS  int64   `json:"after_ms"`
	Above    float64 `json:"above"`
}

// TruckBook is what the books and people say of a truck. Its words are the words
// of package trip.
type TruckBook struct {
	Box     string      `json:"box"` // "site/zone"
	Stays   []BookStay  `json:"stays,omitempty"`
	EmptyMS []int64     `json:"empty_ms,omitempty"` // when somebody said that it is empty
	Phase   *TruckPhase `json:"phase,omitempty"`    // the newest that somebody said; nil: nobody has
}

// TruckPhase is what somebody said a truck was doing.
type TruckPhase struct {
	AtMS     int64  `json:"at_ms"`
	Phase    string `json:"phase"`
	Inferred string `json:"inferred"` // what the evidence said
	By       string `json:"by"`
}

// AlarmAnswer is an alarm that somebody has answered at the county.
type AlarmAnswer struct {
	Rule    string `json:"rule"`
	Object  string `json:"object"`
	StartMS int64  `json:"start_ms"`
	Level   string `json:"level"` // a more serious one sounds again
	By      string `json:"by"`
	AtMS    int64  `json:"at_ms"`
	UntilMS int64  `json:"until_ms"` // until when it is in somebody's hands
}

// AlarmHeard is an excursion or a power cut that the county looks after.
type AlarmHeard struct {
	Rule    string `json:"rule"`
	Object  string `json:"object"`
	StartMS int64  `json:"start_ms"`
}

// NoBook is what a status says of a site that would take a book and has none.
const NoBook = "none"

// The bounds of a book.
const (
	maxBookList = 200     // of stays, switches, words, answers of one kind
	maxBookMS   = 1 << 53 // ms since 1970
	maxBookText = 200     // bytes of a name or a person
	maxBookSpan = 400 * 24 * 3600 * 1000
)

// BookVersion names a book by its content.
func BookVersion(b SiteBook) (string, error) {
	b.Version = ""
	text, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("version of a site's book: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6]), nil
}

func (b SiteBook) check() error {
	if b.Version == "" || !cleanText(b.Version, maxWord) {
		return fmt.Errorf("book of version %.40q: not a version", b.Version)
	}
	if len(b.Zones) > maxInventoryItems || len(b.Answers) > maxBookList || len(b.Heard) > maxBookList {
		return fmt.Errorf("book of %d zones, %d answers and %d alarms, at most %d, %d and %d", len(b.Zones), len(b.Answers), len(b.Heard), maxInventoryItems, maxBookList, maxBookList)
	}
	for _, z := range b.Zones {
		if err := z.check(); err != nil {
			return fmt.Errorf("book of zone %.80q: %w", z.Zone, err)
		}
	}
	if t := b.Truck; t != nil {
		if _, err := sensors.ParsePointID(t.Box + "/x"); err != nil {
			return fmt.Errorf("book of a truck with box %.80q: not a zone", t.Box)
		}
		if err := checkStays(t.Stays); err != nil {
			return fmt.Errorf("book of truck %s: %w", t.Box, err)
		}
		if err := checkTimes(t.EmptyMS...); err != nil {
			return fmt.Errorf("book of truck %s: said to be empty: %w", t.Box, err)
		}
		if len(t.EmptyMS) > maxBookList {
			return fmt.Errorf("book of truck %s: %d words, at most %d", t.Box, len(t.EmptyMS), maxBookList)
		}
		if p := t.Phase; p != nil && (checkTimes(p.AtMS) != nil || !cleanText(p.Phase, maxWord) || !cleanText(p.Inferred, maxWord) || !cleanText(p.By, maxBookText)) {
			return fmt.Errorf("book of truck %s: phase %.40q at %d ms is none", t.Box, p.Phase, p.AtMS)
		}
	}
	for _, a := range b.Answers {
		if err := checkTimes(a.StartMS, a.AtMS, a.UntilMS); err != nil || !cleanText(a.Rule, maxWord) || !cleanText(a.Object, maxBookText) || !cleanText(a.Level, maxWord) || !cleanText(a.By, maxBookText) {
			return fmt.Errorf("book with an answer to %.40q of %.80q that is none", a.Rule, a.Object)
		}
	}
	for _, h := range b.Heard {
		if err := checkTimes(h.StartMS); err != nil || !cleanText(h.Rule, maxWord) || !cleanText(h.Object, maxBookText) {
			return fmt.Errorf("book with an alarm by %.40q of %.80q that is none", h.Rule, h.Object)
		}
	}
	return nil
}

func (z ZoneBook) check() error {
	if _, err := sensors.ParsePointID(z.Zone + "/x"); err != nil {
		return fmt.Errorf("not a zone")
	}
	if len(z.Switches) > maxBookList || len(z.Masks) > maxLines || len(z.Usual) > maxLines {
		return fmt.Errorf("%d switches, %d masks and %d lines", len(z.Switches), len(z.Masks), len(z.Usual))
	}
	for _, s := range z.Switches {
		if err := checkTimes(s.AtMS); err != nil {
			return err
		}
	}
	for _, m := range z.Masks {
		if m.ForMS < 0 || m.ForMS > maxBookSpan || m.AfterMS < 0 || m.AfterMS > maxBookSpan {
			return fmt.Errorf("mask by %.40q of %d ms", m.Quantity, m.ForMS)
		}
	}
	if !cleanText(z.Outdoor, maxBookText) {
		return fmt.Errorf("outdoor point %.40q", z.Outdoor)
	}
	lines := z.Usual
	if p := z.Product; p != nil {
		if p.TimeConstantMS < 0 || p.TimeConstantMS > maxBookSpan || len(p.Lines) > maxLines {
			return fmt.Errorf("product with %d lines and a time constant of %d ms", len(p.Lines), p.TimeConstantMS)
		}
		lines = append(lines[:len(lines):len(lines)], p.Lines...)
	}
	for _, l := range lines {
		if l.DelayMS < 0 || l.DelayMS > maxBookSpan || l.WithinMS < 0 || l.WithinMS > maxBookSpan || math.IsNaN(l.Value) {
			return fmt.Errorf("line %g with a delay of %d ms", l.Value, l.DelayMS)
		}
	}
	if w := z.Watch; w != nil {
		for _, ms := range w.spans() {
			if ms < 0 || ms > maxBookSpan {
				return fmt.Errorf("a rule with %d ms", ms)
			}
		}
	}
	return checkStays(z.Stays)
}

func (w BookRules) spans() (out []int64) {
	if x := w.Rise; x != nil {
		out = append(out, x.WithinMS)
	}
	if x := w.PullDown; x != nil {
		out = append(out, x.WithinMS)
	}
	if x := w.Condensation; x != nil {
		out = append(out, x.DelayMS, x.WarmingMS)
	}
	if x := w.Compressor; x != nil {
		out = append(out, x.SilentMS)
	}
	return out
}

func checkStays(list []BookStay) error {
	if len(list) > maxBookList {
		return fmt.Errorf("%d stays, at most %d", len(list), maxBookList)
	}
	for _, s := range list {
		if err := checkTimes(s.FromMS, s.ToMS); err != nil {
			return err
		}
		if s.ToMS != 0 && s.ToMS < s.FromMS || !cleanText(s.Batch, maxBookText) || !cleanText(s.Out, maxBookText) {
			return fmt.Errorf("a stay of batch %.40q from %d to %d ms", s.Batch, s.FromMS, s.ToMS)
		}
	}
	return nil
}

func checkTimes(list ...int64) error {
	for _, ms := range list {
		if ms < 0 || ms > maxBookMS {
			return fmt.Errorf("%d ms: not a time", ms)
		}
	}
	return nil
}

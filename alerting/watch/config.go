package watch

import (
	"fmt"
	"strings"
	"time"

	"coldchain/sensors"
)

// Config is what is watched.
type Config struct {
	Zones []Zone
	// LiveWindow and Settle are the engine's: how old a reading may be and still
	// tell what is happening now (default 10 min), and how long readings must
	// pause before what has come is all there is for now (default 30 s).
	LiveWindow, Settle time.Duration
	// Product tells the temperature inside the goods of a zone where no probe
	// is in them, as an estimate from the air; nil: nobody can.
	Product func(zone string, at time.Time) (celsius float64, known bool)
}

// Zone is a room or box with what is measured there.
type Zone struct {
	ID     string // "site/zone"
	Points []sensors.Point
	// Product is the temperature point that stands in the goods; empty: none.
	Product sensors.PointID
	Rules   Rules
}

// Rules are those of one zone; nil: it does not have that one.
type Rules struct {
	RateOfRise   *RateOfRise
	PullDown     *PullDown
	Condensation *Condensation
	Compressor   *Compressor
}

// Defaults of Config.
const (
	DefaultLiveWindow = 10 * time.Minute
	DefaultSettle     = 30 * time.Second
)

// DefaultRules are those of a zone of the given kind when nobody has set others,
// by the kinds of a county's configuration. All are [E], experience of the
// trade, and for a person to edit, but where a mark says otherwise. A truck's
// box has none: it stands warm and open for hours, and that is right.
func DefaultRules(kind string) Rules {
	rules := func(rise float64, within time.Duration, set, differential float64) Rules {
		return Rules{
			RateOfRise: &RateOfRise{rise, within},
			// Of goods in boxes, not in foil: they follow the air within hours.
			Condensation: &Condensation{Margin: 1, Delay: 15 * time.Minute, Warming: 2 * time.Hour},
			Compressor:   &Compressor{set, differential, 30 * time.Minute},
		}
	}
	const window = 20 * time.Minute
	switch kind {
	case "frozen":
		return rules(5, window, -20, 2)
	case "chilled":
		return rules(3, window, 2, 1.5)
	case "dairy":
		return rules(3, window, 4, 1.5)
	case "vegetable":
		return rules(3, window, 2, 2)
	case "potato":
		return rules(3, window, 4, 2)
	case "warm-crop":
		return rules(3, window, 10, 3)
	case "chilling": // core at 7 °C in 10 h [V GB/T 9961]
		r := rules(4, window, 2, 3)
		r.PullDown = &PullDown{7, 10 * time.Hour}
		return r
	case "blast": // core at -15 °C in 24 h [V GB/T 9961]
		r := rules(6, window, -30, 5)
		r.PullDown = &PullDown{-15, 24 * time.Hour}
		return r
	}
	return Rules{}
}

// Check reports the first rule that makes no sense, with what would.
func (r Rules) Check() error {
	lowest, highest := sensors.Temperature.Range()
	within := func(what string, d, least, most time.Duration) error {
		if d < least || d > most {
			return fmt.Errorf("%s %s: want %s to %s", what, plain(d), plain(least), plain(most))
		}
		return nil
	}
	if x := r.RateOfRise; x != nil {
		if !(x.Rise > 0 && x.Rise <= 30) {
			return fmt.Errorf("rate_of_rise.rise %g: want more than 0, at most 30 °C", x.Rise)
		}
		if err := within("rate_of_rise.within", x.Within, 5*time.Minute, 4*time.Hour); err != nil {
			return err
		}
	}
	if x := r.PullDown; x != nil {
		if !(x.Target >= lowest && x.Target <= highest) {
			return fmt.Errorf("pull_down.target %g: want %g to %g °C", x.Target, lowest, highest)
		}
		if err := within("pull_down.within", x.Within, time.Hour, 72*time.Hour); err != nil {
			return err
		}
	}
	if x := r.Condensation; x != nil {
		if !(x.Margin >= 0 && x.Margin <= 10) {
			return fmt.Errorf("condensation.margin %g: want 0 to 10 °C", x.Margin)
		}
		if err := within("condensation.delay", x.Delay, 0, 4*time.Hour); err != nil {
			return err
		}
		if err := within("condensation.warming", x.Warming, time.Minute, 48*time.Hour); err != nil {
			return err
		}
	}
	x := r.Compressor
	if x == nil {
		return nil
	}
	if !(x.SetPoint >= lowest && x.SetPoint <= highest) {
		return fmt.Errorf("compressor.set_point %g: want %g to %g °C", x.SetPoint, lowest, highest)
	}
	if !(x.Differential > 0 && x.Differential <= 20) {
		return fmt.Errorf("compressor.differential %g: want more than 0, at most 20 °C", x.Differential)
	}
	return within("compressor.silent", x.Silent, 5*time.Minute, 4*time.Hour)
}

// plain writes a duration as people do, 10h and not 10h0m0s.
func plain(d time.Duration) string {
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}

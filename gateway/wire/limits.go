package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"coldchain/sensors"
)

// SiteLimits are what the county judges a site by: the strictest of its rooms' own
// and of what lies in them. A site that judges by others says so by the version
// in its status, and is sent these.
type SiteLimits struct {
	Version      string       `json:"version"` // VersionOf the rest
	SilentAfterS int64        `json:"silent_after_s"`
	Zones        []ZoneLimits `json:"zones"` // a zone and quantity once
}

// ZoneLimits are the lines of one quantity in one zone. Without lines nothing
// of it is an alarm.
type ZoneLimits struct {
	Zone       string      `json:"zone"` // "site/zone"
	Quantity   string      `json:"quantity"`
	Hysteresis float64     `json:"hysteresis"` // in the quantity's unit
	Lines      []LimitLine `json:"lines"`
}

// LimitLine is one limit, by the words of alerting.
type LimitLine struct {
	Side    string  `json:"side"`
	Level   string  `json:"level"`
	Value   float64 `json:"value"`
	DelayMS int64   `json:"delay_ms"`
	// WithinMS is the window in which the times beyond the limit are added up; 0:
	// each run counts for itself. Reached says that the limit itself is outside.
	WithinMS int64 `json:"within_ms,omitempty"`
	Reached  bool  `json:"reached,omitempty"`
}

// NoLimits is what a status says of a site that would judge by the county's
// limits and has none.
const NoLimits = "none"

// maxLines bounds the lines of one zone and quantity.
const maxLines = 32

// maxWithin is the longest window of a total.
const maxWithin = 31 * 24 * time.Hour

// VersionOf names limits by their content.
func VersionOf(l SiteLimits) (string, error) {
	l.Version = ""
	b, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("version of limits: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6]), nil
}

func (l SiteLimits) check() error {
	want, err := VersionOf(l)
	switch {
	case err != nil:
		return err
	case l.Version != want:
		return fmt.Errorf("limits of version %.20q: what they say is version %s", l.Version, want)
	case l.SilentAfterS < 1 || l.SilentAfterS > 24*3600:
		return fmt.Errorf("limits: silent after %d s: not 1 to a day", l.SilentAfterS)
	case len(l.Zones) > maxInventoryItems:
		return fmt.Errorf("limits of %d zones, at most %d", len(l.Zones), maxInventoryItems)
	}
	for _, z := range l.Zones {
		if _, err := sensors.ParsePointID(z.Zone + "/x"); err != nil {
			return fmt.Errorf("limits of zone %.80q: not a zone", z.Zone)
		}
		if _, err := sensors.ParseQuantity(z.Quantity); err != nil {
			return fmt.Errorf("limits of zone %s: %w", z.Zone, err)
		}
		if len(z.Lines) > maxLines || !(z.Hysteresis >= 0) || math.IsInf(z.Hysteresis, 0) {
			return fmt.Errorf("limits of zone %s: %d lines (at most %d) with hysteresis %g", z.Zone, len(z.Lines), maxLines, z.Hysteresis)
		}
		for _, x := range z.Lines {
			if x.WithinMS < 0 || x.WithinMS > maxWithin.Milliseconds() || x.WithinMS > 0 && x.WithinMS < x.DelayMS {
				return fmt.Errorf("limits of zone %s: %d ms added up within %d ms: not the delay to 31 days", z.Zone, x.DelayMS, x.WithinMS)
			}
			if x.DelayMS < 0 || x.WithinMS == 0 && x.DelayMS > 24*3600*1000 {
				return fmt.Errorf("limits of zone %s: delay of %d ms: not 0 to a day", z.Zone, x.DelayMS)
			}
		}
	}
	return nil
}

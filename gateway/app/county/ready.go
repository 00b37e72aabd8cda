package county

import (
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/wording"
	"coldchain/gateway/state"
)

// loadingNow is how old a booking may be and still be made while loading.
const loadingNow = 15 * time.Minute

// unready says why a truck's box is not ready for a batch: too warm, in winter
// too cold, or not measured. It is what the goods need that counts, and of goods
// nobody knows what the box is for. nil in a room, and when the box is ready.
// What is booked long afterwards is judged by what it went through, and not
// asked about when nobody can measure any more.
func (g *goods) unready(zone string, at time.Time, b batch.Batch) *state.Disagreement {
	air, known, isBox := g.usage.airOf(zone, at)
	if !isBox {
		return nil
	}
	limits := g.bands[zone]
	if own, ok := g.profiles[b.Profile]; ok {
		limits = nil
		for _, l := range own.Limits {
			limits = append(limits, l.Limit)
		}
	}
	low, high := band(limits)
	switch {
	case low == nil && high == nil:
		return nil
	case !known && g.usage.now().Sub(at) > loadingNow:
		return nil
	case !known:
		return &state.Disagreement{ZH: "车厢温度不知道（15 分钟内没有读数）：先量一下再装", EN: "the box's temperature is not known (no reading of the last 15 minutes): measure it before loading"}
	case high != nil && air > *high:
		return &state.Disagreement{ZH: fmt.Sprintf("车厢 %s °C，这批货要%s：先预冷再装", wording.Number(air), wants(low, high, wording.Chinese)),
			EN: fmt.Sprintf("the box is at %s °C and these goods want %s: cool it before loading", wording.Number(air), wants(low, high, wording.English))}
	case low != nil && air < *low:
		return &state.Disagreement{ZH: fmt.Sprintf("车厢 %s °C，这批货要%s：先预热再装", wording.Number(air), wants(low, high, wording.Chinese)),
			EN: fmt.Sprintf("the box is at %s °C and these goods want %s: warm it before loading", wording.Number(air), wants(low, high, wording.English))}
	}
	return nil
}

// wants puts a band into words.
func wants(low, high *float64, l wording.Language) string {
	words := map[alerting.Side][2]string{"": {" %s ~ %s °C", "%s to %s °C"}, alerting.High: {"不高于 %s °C", "%s °C or colder"}, alerting.Low: {"不低于 %s °C", "%s °C or warmer"}}
	switch {
	case low == nil:
		return fmt.Sprintf(words[alerting.High][l], wording.Number(*high))
	case high == nil:
		return fmt.Sprintf(words[alerting.Low][l], wording.Number(*low))
	}
	return fmt.Sprintf(words[""][l], wording.Number(*low), wording.Number(*high))
}

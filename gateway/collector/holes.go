package collector

import (
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
)

const (
	askAgain  = time.Minute // between two commands to one gateway
	askRanges = 100         // in one command
)

// holes remembers when each gateway was last asked for what is missing.
// judgeLoop's.
type holes map[string]time.Time

// closeHoles asks a gateway for records of which the county has no trace,
// though the gateway counts them as confirmed: an old county.db was restored,
// or its ranges were damaged. A gateway that offers them again lowers its
// oldest unconfirmed sequence and is not asked meanwhile; what it declares as
// gone is kept as such and never asked for again.
func (c *Collector) closeHoles(a wire.Address, epoch, oldest uint64, now time.Time) {
	if oldest <= 1 || epoch == 0 || !c.isReached() {
		return
	}
	if asked, ok := c.holes[a.Gateway]; ok && now.Sub(asked).Abs() < askAgain {
		return
	}
	c.mu.Lock()
	missing := c.ranges.of(state.Run{Gateway: a.Gateway, Epoch: epoch}).missing(oldest)
	c.mu.Unlock()
	if len(missing) == 0 {
		return
	}
	c.holes[a.Gateway] = now
	c.o.Logger.Warn("records are missing here that the gateway counts as delivered; asking for them again",
		"gateway", a.Gateway, "epoch", epoch, "ranges", len(missing), "from", missing[0].From, "to", missing[len(missing)-1].To)
	c.command(a, wire.Command{Epoch: epoch, Resend: missing[:min(len(missing), askRanges)]})
}

// missing lists what below oldest is neither final nor with the store now.
func (j *journey) missing(oldest uint64) []wire.Range {
	var seen state.Ranges
	for _, set := range []*state.Ranges{&j.stored, &j.quarantined} {
		for r := range set.All() {
			seen.Add(r.From, r.To)
		}
	}
	for _, q := range j.queued {
		seen.Add(q.From, q.To)
	}
	return seen.Missing(1, oldest)
}

// declared returns the records of a run that one of its entries declares as
// gone, as entries of the quarantine without content: final, and known to be
// absent. What the county has is left as it is.
func (c *Collector) declared(e state.JournalEntry, j *journey) []wire.Range {
	if e.Kind != wire.EventRecord || e.Event.Name != wire.EventGone {
		return nil
	}
	epoch, gone, err := wire.ParseGone(e.Event.Detail)
	if err != nil || epoch != e.Epoch {
		c.o.Logger.Warn("declaration of records that are gone", "gateway", e.Gateway, "epoch", e.Epoch, "declared_epoch", epoch, "error", err)
		return nil
	}
	var out []wire.Range
	for _, g := range gone {
		if g.From >= e.Seq { // a gateway cannot lose what it has yet to number
			continue
		}
		g.To = min(g.To, e.Seq-1)
		for _, m := range j.missing(g.To + 1) {
			if m.To >= g.From {
				out = append(out, wire.Range{From: max(m.From, g.From), To: m.To})
			}
		}
	}
	return out
}

// command sends one gateway what the county asks of it.
func (c *Collector) command(a wire.Address, what wire.Command) {
	payload, err := wire.EncodeCommand(what)
	if err != nil {
		c.o.Logger.Error("encode a command", "gateway", a.Gateway, "error", err)
		return
	}
	c.send(mqtt.Message{Topic: a.Topic(wire.ChannelCommand), Payload: payload})
}

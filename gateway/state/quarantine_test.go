package state

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func (c county) setApart(t *testing.T, entries ...QuarantineEntry) {
	t.Helper()
	c.mustCommit(t, Commit{Quarantine: entries})
}

func (c county) counts(t *testing.T) map[wire.QuarantineReason]QuarantineCount {
	t.Helper()
	list, err := c.QuarantineCounts(t.Context())
	must(t, err)
	out := map[wire.QuarantineReason]QuarantineCount{}
	for _, n := range list {
		out[n.Reason] = n
	}
	return out
}

func TestRetransmissionDoesNotFillTheQuarantine(t *testing.T) {
	c := open(t)
	c.load(t)
	numbered := QuarantineEntry{At: noon, Gateway: "gw-1", Topic: "t", Epoch: 1, Seq: 7, HasSeq: true, Reason: wire.OutOfRange, Detail: "200 °C at 12:00"}
	nameless := QuarantineEntry{At: noon, Gateway: "gw-1", Topic: "t", Reason: wire.Malformed, Payload: []byte("{{{")}
	c.setApart(t, numbered, nameless)
	for i := range 5 {
		again := numbered
		again.At, again.Detail = noon.Add(time.Duration(i+1)*time.Minute), "200 °C at another time"
		c.setApart(t, again, nameless)
	}
	got, err := c.Quarantine(t.Context(), 0)
	must(t, err)
	if len(got) != 2 || got[1].Seen != 6 || !got[1].At.Equal(noon) || !got[1].LastAt.Equal(noon.Add(5*time.Minute)) || got[1].Detail != numbered.Detail {
		t.Errorf("%+v", got)
	}
	if n := c.counts(t); n[wire.OutOfRange] != (QuarantineCount{wire.OutOfRange, 1, 5, 0}) || n[wire.Malformed] != (QuarantineCount{wire.Malformed, 1, 5, 0}) {
		t.Errorf("%+v", n)
	}
	// What differs in identity or content is another entry.
	other, epoch, content := numbered, numbered, nameless
	other.Gateway, epoch.Epoch, content.Payload = "gw-2", 2, []byte("{{{{")
	c.setApart(t, other, epoch, content)
	if got, _ = c.Quarantine(t.Context(), 0); len(got) != 5 {
		t.Errorf("%d entries, want 5", len(got))
	}
}

func TestQuarantineIsBoundedAndSaysWhatItDropped(t *testing.T) {
	c := open(t, WithQuarantineLimit(10))
	c.load(t)
	for seq := uint64(1); seq <= 25; seq++ {
		why := wire.OutOfRange
		if seq%2 == 0 {
			why = wire.WrongUnit
		}
		c.setApart(t, QuarantineEntry{Gateway: "gw-1", Seq: seq, HasSeq: true, Reason: why},
			QuarantineEntry{Gateway: "gw-1", Seq: seq, HasSeq: true, Reason: why}) // no holes in the numbering by repeats
	}
	got, err := c.Quarantine(t.Context(), 0)
	must(t, err)
	if len(got) != 10 || got[0].Seq != 25 || got[9].Seq != 16 {
		t.Errorf("%d entries, %d to %d", len(got), got[0].Seq, got[len(got)-1].Seq)
	}
	n := c.counts(t)
	if n[wire.OutOfRange] != (QuarantineCount{wire.OutOfRange, 13, 13, 8}) || n[wire.WrongUnit] != (QuarantineCount{wire.WrongUnit, 12, 12, 7}) {
		t.Errorf("%+v", n)
	}
	if some, _ := c.Quarantine(t.Context(), 3); len(some) != 3 {
		t.Error(len(some))
	}
}

func TestQuarantineTakesWhateverAHostileSenderSays(t *testing.T) {
	c := open(t)
	c.load(t)
	payload := bytes.Repeat([]byte{0xff, 0}, MaxPayload)
	c.setApart(t,
		QuarantineEntry{At: noon, Gateway: "gw-1", Epoch: math.MaxUint64, Seq: math.MaxUint64, HasSeq: true,
			Topic: strings.Repeat("é", 500), Point: "a\xff\x00b" + strings.Repeat("点", 200), Detail: strings.Repeat("x", 100_000), Reason: wire.TooLarge, Payload: payload},
		QuarantineEntry{})
	got, err := c.Quarantine(t.Context(), 0)
	must(t, err)
	e := got[1]
	if e.Epoch != math.MaxUint64 || e.Seq != math.MaxUint64 || !bytes.Equal(e.Payload, payload[:MaxPayload]) || e.PayloadSize != len(payload) {
		t.Errorf("%+v", e)
	}
	if len(e.Detail) > 510 || len(e.Topic) > 310 || len(e.Point) > 212 || !strings.HasPrefix(e.Point, "a\uFFFD\uFFFDb点") {
		t.Errorf("%d %d %q", len(e.Detail), len(e.Topic), e.Point)
	}
	if got[0].HasSeq || !got[0].At.Equal(noon) {
		t.Errorf("%+v", got[0])
	}
}

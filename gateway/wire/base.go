package wire

// base is what holds from one record to the next (RFC 8428 section 4.1).
type base struct {
	has, spoiled uint32 // labels with a value, labels whose last value was unusable

	name  []byte
	time  int64 // microseconds
	unit  []byte
	value number
	sum   bool
	boot  string
	clock ClockSource
	mono  int64 // milliseconds at the base time
	// reconstructed goes with clock
	reconstructed bool
	named         bool // the sender gave the pack an identity
	first         uint64
	next          uint64
}

// identify takes the pack's identity from its first record. A pack without one
// can neither be acknowledged nor told from its own repetition, and is refused
// unless anonymous packs are welcome.
func (b *base) identify(f *fields, p *Pack, anonymous bool) *MessageError {
	ids := [...]struct {
		l  label
		to *uint64
	}{{labelEpoch, &p.Epoch}, {labelSequence, &b.first}, {labelOldest, &p.Oldest}, {labelNext, &p.Next}}
	given := 0
	for _, id := range ids {
		if f.seen&(1<<id.l) == 0 {
			continue
		}
		given++
		n, ok := f.numbers[id.l].counting()
		if !f.has(id.l) || f.twice&(1<<id.l) != 0 || !ok {
			return malformed("field %s of the first record is not one whole number", id.l)
		}
		*id.to = n
	}
	switch {
	case given == 0 && anonymous:
		return nil
	case given == 0:
		return malformed("the first record has no ep, bsq, old and nxt: the pack has no identity")
	case given < len(ids):
		return malformed("the first record has some of ep, bsq, old and nxt, but not all")
	case p.Epoch == 0:
		return malformed("epoch 0: epochs begin at 1")
	case p.Oldest > p.Next:
		return malformed("oldest unconfirmed sequence %d is above the next one, %d", p.Oldest, p.Next)
	}
	b.named, b.next = true, p.Next
	return nil
}

const baseLabels = 1<<labelBaseName | 1<<labelBaseTime | 1<<labelBaseUnit | 1<<labelBaseValue | 1<<labelBaseSum |
	1<<labelBoot | 1<<labelClock | 1<<labelBaseMono

// adopt takes over the base fields of a record, whatever the rest of it is.
func (b *base) adopt(f *fields) {
	b.has |= f.have & baseLabels
	b.spoiled = b.spoiled&^f.have | f.seen&^f.have&baseLabels
	if f.has(labelBaseName) {
		b.name = f.texts[labelBaseName]
	}
	if f.has(labelBaseUnit) {
		b.unit = f.texts[labelBaseUnit]
	}
	if f.has(labelBaseValue) {
		b.value = f.numbers[labelBaseValue]
	}
	if f.has(labelBaseSum) {
		b.sum = f.numbers[labelBaseSum] != number{}
	}
	if f.has(labelBoot) {
		b.boot = string(f.texts[labelBoot])
		b.spoilUnless(labelBoot, cleanText(b.boot, maxWord))
	}
	if f.has(labelClock) {
		b.clock, b.reconstructed = ParseClock(string(f.texts[labelClock]))
		b.spoilUnless(labelClock, cleanText(string(f.texts[labelClock]), maxWord))
	}
	var ok bool
	if f.has(labelBaseTime) {
		b.time, ok = f.numbers[labelBaseTime].micros()
		b.spoilUnless(labelBaseTime, ok)
	}
	if f.has(labelBaseMono) {
		b.mono, ok = f.numbers[labelBaseMono].integer()
		b.spoilUnless(labelBaseMono, ok && b.mono <= maxBaseMono && b.mono >= -maxBaseMono)
	}
}

func (b *base) spoilUnless(l label, ok bool) {
	if !ok {
		b.spoiled |= 1 << l
	}
}

const (
	maxMono     = 1 << 42 // ms since boot: more than a century, and still a Duration
	maxBaseMono = 1 << 50 // ms: the base may lie as far off as the base time does
)

package wire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"

	"coldchain/sensors"
)

// ErrTooLarge says that a pack does not fit into one message; fewer records
// may.
var ErrTooLarge = errors.New("the pack is larger than a receiver takes")

// EncodePack puts a pack into bytes. Records keep their order. Times go to the
// millisecond, values as the shortest decimal that is the value. The error
// wraps ErrTooLarge when the pack is beyond DefaultLimits.
func EncodePack(p Pack, enc Encoding) ([]byte, error) {
	return new(Encoder).Encode(p, enc)
}

// Encoder encodes many packs, reusing its compressor. It is for one goroutine
// at a time.
type Encoder struct {
	zip *zstd.Encoder
}

// Encode is EncodePack.
func (e *Encoder) Encode(p Pack, enc Encoding) ([]byte, error) {
	if err := encodable(p); err != nil {
		return nil, err
	}
	lim := DefaultLimits()
	plain := encodePlain(p, enc == JSON)
	out := plain
	if enc == CBORZstd {
		if err := e.open(); err != nil {
			return nil, err
		}
		out = e.zip.EncodeAll(plain, nil)
	}
	if len(out) > lim.Bytes || len(plain) > lim.Unpacked {
		return nil, fmt.Errorf("encode %d records: %w (%d bytes, at most %d)", len(p.Records), ErrTooLarge, len(out), lim.Bytes)
	}
	return out, nil
}

func (e *Encoder) open() error {
	if e.zip != nil {
		return nil
	}
	// One small window: an edge has little memory and packs are small.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(256<<10))
	if err != nil {
		return fmt.Errorf("open the compressor: %w", err)
	}
	e.zip = z
	return nil
}

func encodable(p Pack) error {
	switch {
	case len(p.Records) == 0:
		return errors.New("encode a pack: it has no records")
	case len(p.Records) > DefaultLimits().Records:
		return fmt.Errorf("encode %d records: %w (at most %d)", len(p.Records), ErrTooLarge, DefaultLimits().Records)
	case p.Epoch == 0:
		return errors.New("encode a pack: epoch 0, epochs begin at 1")
	case p.Oldest > p.Next:
		return fmt.Errorf("encode a pack: oldest sequence %d is above the next one, %d", p.Oldest, p.Next)
	}
	for _, r := range p.Records {
		if r.Seq >= p.Next {
			return fmt.Errorf("encode a pack: sequence %d is not below the next one, %d", r.Seq, p.Next)
		}
	}
	return nil
}

// packEncoder remembers what a decoder will know when it reaches the next
// record, so that only what changes is written.
type packEncoder struct {
	w     *writer
	first uint64
	name  string // base name in force
	named bool
	unit  sensors.Unit // base unit in force
	boot  string
	clock string // with its mark, when reconstructed
	time  int64  // base time, ms
	mono  int64  // base monotonic time, ms
}

func encodePlain(p Pack, json bool) []byte {
	e := packEncoder{w: newWriter(json, len(p.Records)), first: p.Records[0].Seq, unit: commonUnit(p.Records)}
	for _, r := range p.Records {
		e.first = min(e.first, r.Seq)
	}
	for i := range p.Records {
		r := &p.Records[i]
		e.w.beginRecord()
		if i == 0 {
			e.opening(p)
		}
		e.sticky(i, r)
		e.names(p.Records, i)
		if r.Seq-e.first != uint64(i) {
			e.w.count(labelOffset, r.Seq-e.first)
		}
		e.body(r)
		e.w.endRecord()
	}
	return e.w.finish()
}

// opening writes what only the first record carries.
func (e *packEncoder) opening(p Pack) {
	r := &p.Records[0]
	e.time, e.mono = r.Time().UnixMilli(), r.Mono.Milliseconds()
	e.boot, e.clock = r.Boot, r.ClockText()
	w := e.w
	w.number(labelBaseTime, seconds(e.time))
	if e.unit != "" {
		w.text(labelBaseUnit, string(e.unit))
	}
	w.count(labelEpoch, p.Epoch)
	w.count(labelSequence, e.first)
	w.count(labelOldest, p.Oldest)
	w.count(labelNext, p.Next)
	w.text(labelBoot, r.Boot)
	w.text(labelClock, e.clock)
	w.number(labelBaseMono, number{mantissa: e.mono})
}

// sticky writes time and origin where they differ from what is in force.
func (e *packEncoder) sticky(i int, r *Record) {
	w := e.w
	t := r.Time().UnixMilli() - e.time
	if t != 0 {
		w.number(labelTime, seconds(t))
	}
	if clock := r.ClockText(); clock != e.clock {
		e.clock = clock
		w.text(labelClock, clock)
	}
	off := r.Mono.Milliseconds() - e.mono - t
	if r.Boot != e.boot {
		e.boot = r.Boot
		w.text(labelBoot, r.Boot)
		e.mono += off
		w.number(labelBaseMono, number{mantissa: e.mono})
	} else if off != 0 {
		w.number(labelMono, number{mantissa: off})
	}
}

// names writes the record's name, and a base name where it saves something: the
// whole name when the next record has it too, else all up to the last slash.
func (e *packEncoder) names(records []Record, i int) {
	name := records[i].name()
	if e.named && name == e.name {
		return
	}
	if i+1 < len(records) && records[i+1].name() == name {
		e.base(name)
		return
	}
	folder := name[:strings.LastIndexByte(name, '/')+1]
	if folder != e.name {
		e.base(folder)
	}
	e.w.text(labelName, name[len(folder):])
}

func (e *packEncoder) base(name string) {
	e.name, e.named = name, true
	e.w.text(labelBaseName, name)
}

// name is what the record is about: a point, a gap's scope, an event's object.
func (r *Record) name() string {
	switch r.Kind {
	case GapRecord:
		return r.Gap.Scope
	case EventRecord:
		return r.Event.Object
	default:
		return string(r.Reading.Point)
	}
}

func (e *packEncoder) body(r *Record) {
	w := e.w
	switch r.Kind {
	case GapRecord:
		w.text(labelKind, "gap")
		w.text(labelString, r.Gap.Cause)
		w.number(labelLength, seconds(r.Gap.To.UnixMilli()-r.Gap.From.UnixMilli()))
		if r.Gap.Count > 0 {
			w.count(labelCount, r.Gap.Count)
		}
	case EventRecord:
		w.text(labelKind, "event")
		w.text(labelString, r.Event.Name)
		if len(r.Event.Detail) > 0 {
			w.details(labelDetail, r.Event.Detail)
		}
	default:
		e.reading(&r.Reading, r.Unit)
	}
}

func (e *packEncoder) reading(r *sensors.Reading, unit sensors.Unit) {
	w := e.w
	if unit != e.unit {
		w.text(labelUnit, string(unit))
	}
	if v, ok := r.Value(); ok {
		w.float(labelValue, v)
		if r.Reason != sensors.NoReason {
			w.text(labelReason, string(r.Reason))
		}
	} else {
		w.text(labelString, string(r.Reason))
	}
	if r.Quality != sensors.Good {
		w.text(labelQuality, r.Quality.String())
	}
	if raw, ok := r.Raw(); ok {
		w.float(labelRaw, raw)
	}
}

// commonUnit is the unit that most readings have; the others carry their own.
func commonUnit(records []Record) sensors.Unit {
	var units []sensors.Unit // few: scanning beats a map
	var counts []int
	best := -1
next:
	for i := range records {
		if records[i].Kind != ReadingRecord {
			continue
		}
		for k, u := range units {
			if u == records[i].Unit {
				if counts[k]++; counts[k] > counts[best] {
					best = k
				}
				continue next
			}
		}
		if len(units) >= 8 {
			continue
		}
		units, counts = append(units, records[i].Unit), append(counts, 1)
		best = max(best, 0)
	}
	if best < 0 {
		return ""
	}
	return units[best]
}

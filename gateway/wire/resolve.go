package wire

import (
	"fmt"
	"time"

	"coldchain/sensors"
)

// none is what is wrong with a record that is all right.
var none = problem{}

func wrong(r QuarantineReason, format string, args ...any) problem {
	return problem{r, fmt.Sprintf(format, args...)}
}

// record gives the fields their meaning. A problem's reason is empty when all
// went well.
func (d *Decoder) record(index int, f *fields, r *Record) problem {
	b := &d.base
	f.have &^= f.twice
	if f.seen&baseLabels != 0 {
		b.adopt(f)
	}
	seq, why := d.sequence(index, f)
	if f.problem.reason != "" {
		return f.problem
	}
	if why.reason != "" {
		return why
	}
	r.Seq = seq
	if index > 0 && f.seen&(1<<labelEpoch|1<<labelSequence|1<<labelOldest|1<<labelNext) != 0 {
		return wrong(Malformed, "ep, bsq, old and nxt belong into the first record")
	}
	if f.has(labelBaseVersion) {
		if v, ok := f.numbers[labelBaseVersion].integer(); !ok || v < 1 || v > 10 {
			return wrong(Malformed, "SenML version is not 1 to 10")
		}
	}
	ms, why := d.time(f)
	if why.reason != "" {
		return why
	}
	if why := d.origin(f, r, ms); why.reason != "" {
		return why
	}
	name, why := d.name(f)
	if why.reason != "" {
		return why
	}
	if !f.has(labelKind) {
		return d.reading(f, r, name, timeOf(ms))
	}
	switch string(f.texts[labelKind]) {
	case "gap":
		return d.gap(f, r, name, ms)
	case "event":
		return d.event(f, r, name, ms)
	}
	return wrong(Malformed, "kind %.40q is not known", f.texts[labelKind])
}

// sequence works out the record's sequence number: the pack's lowest and the
// record's own offset, or its place where it has none. It depends on no other
// record, so a bad neighbour cannot shift it.
func (d *Decoder) sequence(index int, f *fields) (uint64, problem) {
	b := &d.base
	if !b.named {
		return 0, none
	}
	offset := uint64(index)
	if f.seen&(1<<labelOffset) != 0 {
		n, ok := f.numbers[labelOffset].counting()
		if !f.has(labelOffset) || !ok {
			return 0, wrong(Malformed, "field sq is not a whole number")
		}
		offset = n
	}
	seq := b.first + offset
	if seq < b.first || seq >= b.next {
		return 0, wrong(Malformed, "sequence %d is not below the next one, %d", seq, b.next)
	}
	return seq, none
}

// time resolves bt + t to milliseconds since 1970.
func (d *Decoder) time(f *fields) (int64, problem) {
	b := &d.base
	if b.spoiled&(1<<labelBaseTime) != 0 {
		return 0, wrong(BadTime, "the base time in force is not a time")
	}
	if !f.has(labelTime) && b.has&(1<<labelBaseTime) == 0 {
		return 0, wrong(BadTime, "there is no time")
	}
	us := b.time
	if f.has(labelTime) {
		t, ok := f.numbers[labelTime].micros()
		if !ok {
			return 0, wrong(BadTime, "field t is beyond every calendar")
		}
		us += t // both are below 2^58
	}
	return absolute(us)
}

// absolute checks a resolved time and rounds it to the millisecond.
func absolute(us int64) (int64, problem) {
	switch {
	case us < absoluteTime*1e6:
		return 0, wrong(RelativeTime, "time %d s is below 2^28 and so relative to now (RFC 8428 section 4.5.3); it is not resolved", us/1e6)
	case us >= maxMicros:
		return 0, wrong(BadTime, "time %d s is beyond the year 9999", us/1e6)
	}
	return millis(us), none
}

// origin fills in where and by which clock the record was made.
func (d *Decoder) origin(f *fields, r *Record, ms int64) problem {
	b := &d.base
	if b.spoiled&(1<<labelBoot|1<<labelClock|1<<labelBaseMono) != 0 {
		return wrong(Malformed, "the boot id, clock source or monotonic base in force is too long or not of its kind")
	}
	r.Boot, r.Clock, r.Reconstructed = b.boot, b.clock, b.reconstructed
	if b.has&(1<<labelBaseMono) == 0 {
		return none
	}
	mono := b.mono + ms - millis(b.time)
	if f.has(labelMono) {
		m, ok := f.numbers[labelMono].integer()
		if !ok || m > 2*maxMicros/1000 || m < -2*maxMicros/1000 {
			return wrong(Malformed, "field m is not a number of milliseconds")
		}
		mono += m
	}
	if mono > maxMono || mono < -maxMono {
		return wrong(Malformed, "monotonic time of %d ms is longer than any machine runs", mono)
	}
	r.Mono = time.Duration(mono) * time.Millisecond
	return none
}

// name joins base name and name.
func (d *Decoder) name(f *fields) ([]byte, problem) {
	b := &d.base
	if b.spoiled&(1<<labelBaseName) != 0 {
		return nil, wrong(BadName, "the base name in force is not text")
	}
	d.joined = append(d.joined[:0], b.name...)
	if f.has(labelName) {
		d.joined = append(d.joined, f.texts[labelName]...)
	}
	if len(d.joined) > sensors.MaxIDLength {
		return nil, wrong(BadName, "name of %d characters is too long (at most %d)", len(d.joined), sensors.MaxIDLength)
	}
	return d.joined, none
}

func (d *Decoder) reading(f *fields, r *Record, name []byte, at time.Time) problem {
	point, known := d.points[string(name)]
	if d.lim.Names != nil {
		if point, known = d.lim.Names[string(name)]; !known {
			return wrong(UnknownPoint, "name %.120q is none of this sender's", name)
		}
	}
	if !known {
		var err error
		if point, err = sensors.ParsePointID(string(name)); err != nil {
			return wrong(BadName, "%v", err)
		}
		if len(d.points) >= maxCachedPoints {
			clear(d.points)
		}
		d.points[string(point)] = point
	}
	unit, why := d.unit(f)
	if why.reason != "" {
		return why
	}
	r.Kind, r.Unit = ReadingRecord, unit
	if f.have&(1<<labelSum|1<<labelBoolean|1<<labelData) != 0 || d.base.sum || d.base.spoiled&(1<<labelBaseSum|1<<labelBaseValue) != 0 {
		return wrong(BadValue, "sums, booleans and data are not readings: send v")
	}
	quality := "good"
	if f.has(labelQuality) {
		quality = string(f.texts[labelQuality])
	}
	reason, why := d.reason(f, quality)
	if why.reason != "" {
		return why
	}
	switch {
	case quality == "bad":
		if f.has(labelValue) {
			return wrong(BadValue, "quality is bad, and yet there is a value")
		}
		r.Reading = sensors.NewBad(point, at, reason)
	case quality != "good" && quality != "uncertain":
		return wrong(BadValue, "quality %.40q is not good, uncertain or bad", quality)
	default:
		v, why := d.value(f)
		if why.reason != "" {
			return why
		}
		if quality == "good" {
			r.Reading = sensors.NewGood(point, at, v)
			r.Reading.Reason = reason
		} else {
			r.Reading = sensors.NewUncertain(point, at, v, reason)
		}
	}
	if f.has(labelRaw) {
		raw, ok := f.numbers[labelRaw].value()
		if !ok {
			return wrong(BadValue, "field raw is not a finite number")
		}
		r.Reading = r.Reading.WithRaw(raw)
	}
	return none
}

// value is bv + v. A base value alone is not taken for a measurement.
func (d *Decoder) value(f *fields) (float64, problem) {
	if !f.has(labelValue) {
		return 0, wrong(BadValue, "there is no value, and the quality is not bad")
	}
	n := f.numbers[labelValue]
	if d.base.has&(1<<labelBaseValue) != 0 {
		n = d.base.value.add(n)
	}
	v, ok := n.value()
	if !ok {
		return 0, wrong(BadValue, "the value is not a finite number")
	}
	return v, none
}

// reason is vs for a reading without a value and r for one with a value.
func (d *Decoder) reason(f *fields, quality string) (sensors.Reason, problem) {
	l, other := labelReason, labelString
	if quality == "bad" {
		l, other = other, l
	}
	if f.has(other) {
		return "", wrong(BadValue, "field %s does not belong to a reading of quality %.20q", other, quality)
	}
	if !f.has(l) {
		return "", none
	}
	s := string(f.texts[l])
	if !cleanText(s, maxWord) {
		return "", wrong(BadValue, "the reason is longer than %d bytes or not printable", maxWord)
	}
	return sensors.Reason(s), none
}

func (d *Decoder) unit(f *fields) (sensors.Unit, problem) {
	u := f.texts[labelUnit]
	if !f.has(labelUnit) {
		if d.base.spoiled&(1<<labelBaseUnit) != 0 {
			return "", wrong(WrongUnit, "the base unit in force is not text")
		}
		u = d.base.unit
	}
	switch string(u) { // the usual ones without an allocation
	case string(sensors.Celsius):
		return sensors.Celsius, none
	case string(sensors.PercentRH):
		return sensors.PercentRH, none
	case string(sensors.Ratio):
		return sensors.Ratio, none
	}
	if !cleanText(string(u), maxWord) {
		return "", wrong(WrongUnit, "the unit is longer than %d bytes or not printable", maxWord)
	}
	return sensors.Unit(u), none
}

func (d *Decoder) gap(f *fields, r *Record, scope []byte, to int64) problem {
	cause := string(f.texts[labelString])
	length, ok := f.numbers[labelLength].micros()
	switch {
	case !f.has(labelString) || !cleanText(cause, maxWord):
		return wrong(Malformed, "a gap has its cause in vs, of at most %d bytes", maxWord)
	case f.has(labelValue):
		return wrong(BadValue, "a gap has no value")
	case !isName(scope):
		return wrong(BadName, "gap of %.60q: not a name", scope)
	case !f.has(labelLength) || !ok || length < 0:
		return wrong(BadTime, "a gap has its length in gd, in seconds, not negative")
	}
	from, why := absolute(to*1000 - length)
	if why.reason != "" {
		return why
	}
	g := Gap{Scope: string(scope), From: timeOf(from), To: timeOf(to), Cause: cause}
	if f.has(labelCount) {
		if g.Count, ok = f.numbers[labelCount].counting(); !ok {
			return wrong(BadValue, "field gc is not a whole number")
		}
	}
	r.Kind, r.Gap = GapRecord, g
	return none
}

func (d *Decoder) event(f *fields, r *Record, object []byte, at int64) problem {
	name := string(f.texts[labelString])
	switch {
	case !f.has(labelString) || name == "" || !cleanText(name, maxWord):
		return wrong(Malformed, "an event has its name in vs, of 1 to %d bytes", maxWord)
	case f.has(labelValue):
		return wrong(BadValue, "an event has no value")
	case !isName(object):
		return wrong(BadName, "event of %.60q: not a name", object)
	}
	for k, v := range f.detail {
		if !cleanText(k, maxWord) || !cleanText(v, maxDetailText) {
			return wrong(Malformed, "an event's detail is too long or not printable")
		}
	}
	r.Kind, r.Event = EventRecord, Event{At: timeOf(at), Name: name, Object: string(object), Detail: f.detail}
	return none
}

// reject says what is known about a record that is refused.
func (d *Decoder) reject(index int, f *fields, why problem) Rejected {
	r := Rejected{Index: index, Reason: why.reason, Detail: why.detail, Point: d.sentName(f)}
	if seq, unknown := d.sequence(index, f); d.base.named && unknown.reason == "" {
		r.Seq, r.HasSeq = seq, d.take(seq)
	}
	return r
}

func (d *Decoder) sentName(f *fields) string {
	name := string(d.base.name)
	if f.has(labelName) {
		name += string(f.texts[labelName])
	}
	return cutText(name, sensors.MaxIDLength)
}

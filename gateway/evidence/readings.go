package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/gateway/retention"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// ReadingsFormat names the chain over the readings; it is also its first bytes.
const ReadingsFormat = "coldchain readings 1"

// Readings is the chain over every reading that was used: the frozen ones, in
// the order of their evidence file.
type Readings struct {
	Format string  `json:"format"`
	File   string  `json:"file"`   // name of the evidence file
	Count  int     `json:"count"`  // of all ranges
	Digest string  `json:"digest"` // over the ranges' digests
	Ranges []Range `json:"ranges"`
}

// Range is a stretch of one point's readings, From inside and To outside.
type Range struct {
	Point    string    `json:"point"`
	Quantity string    `json:"quantity"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Count    int       `json:"count"` // good and bad ones
	Digest   string    `json:"digest"`
}

// Course is the readings of one range that have a value.
type Course struct {
	Point    string
	Quantity sensors.Quantity
	From, To time.Time
	Samples  []exposure.Sample
}

// ReadFrozen reads an evidence file once, for the chain and for the chart.
// name is the file's, without its folder.
func ReadFrozen(in io.Reader, name string) (Readings, []Course, error) {
	var courses []Course
	readings, err := chain(in, name, func(h retention.Header, of int, r store.Record) {
		for len(courses) <= of {
			x := h.Ranges[len(courses)]
			courses = append(courses, Course{Point: string(x.Point), Quantity: x.Quantity, From: x.From.UTC(), To: x.To.UTC()})
		}
		if v, ok := r.Value(); ok {
			c := &courses[of]
			c.Samples = append(c.Samples, exposure.Sample{At: r.Time.UTC(), Value: v})
		}
	})
	return readings, courses, err
}

// chain hashes an evidence file by DESIGN.md's form.
func chain(in io.Reader, name string, each func(retention.Header, int, store.Record)) (Readings, error) {
	var sums []hash.Hash
	var counts []int
	start := func(h retention.Header) {
		for _, x := range h.Ranges[len(sums):] {
			s := sha256.New()
			field(s, []byte(ReadingsFormat))
			field(s, []byte(x.Point))
			field(s, []byte(x.Quantity))
			number(s, x.From.UnixMilli())
			number(s, x.To.UnixMilli())
			sums, counts = append(sums, s), append(counts, 0)
		}
	}
	h, err := retention.ReadRanges(in, func(h retention.Header, of int, r store.Record) bool {
		start(h)
		reading(sums[of], r)
		counts[of]++
		each(h, of, r)
		return true
	})
	if err != nil {
		return Readings{}, fmt.Errorf("evidence %s: %w", name, err)
	}
	start(h) // of a file without any reading
	out := Readings{Format: ReadingsFormat, File: name, Ranges: make([]Range, len(sums))}
	whole := sha256.New()
	field(whole, []byte(ReadingsFormat))
	for i, x := range h.Ranges {
		sum := sums[i].Sum(nil)
		field(whole, sum)
		number(whole, int64(counts[i]))
		out.Count += counts[i]
		out.Ranges[i] = Range{Point: string(x.Point), Quantity: string(x.Quantity), From: x.From.UTC(), To: x.To.UTC(), Count: counts[i], Digest: hex.EncodeToString(sum)}
	}
	out.Digest = hex.EncodeToString(whole.Sum(nil))
	return out, nil
}

// reading adds one reading to a range's hash.
func reading(s hash.Hash, r store.Record) {
	number(s, r.Time.UnixMilli())
	value(s, r.Value)
	value(s, r.Raw)
	field(s, []byte(r.Quality.String()))
	field(s, []byte(r.Reason))
	if r.Reconstructed {
		field(s, []byte{1})
	} else {
		field(s, []byte{0})
	}
	field(s, []byte(r.Gateway))
	number(s, int64(r.Epoch)) // below 2^63: the wire refuses more
	number(s, int64(r.Seq))
}

// field writes the length in four bytes, big-endian, and the bytes, as the
// audit's hash does.
func field(s hash.Hash, b []byte) {
	s.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) // a hash takes everything
	s.Write(b)
}

func number(s hash.Hash, n int64) { field(s, binary.BigEndian.AppendUint64(nil, uint64(n))) }

// value writes the 64 bits of a value, or nothing of none.
func value(s hash.Hash, of func() (float64, bool)) {
	v, ok := of()
	if !ok {
		field(s, nil)
		return
	}
	field(s, binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}

// CheckReadings computes the chain anew from an evidence file and returns a
// sentence for each range that is not the one of the document.
func (d Document) CheckReadings(in io.Reader) ([]string, error) {
	got, err := chain(in, d.Readings.File, func(retention.Header, int, store.Record) {})
	if err != nil {
		return nil, err
	}
	var wrong []string
	if got.Format != d.Readings.Format {
		return nil, fmt.Errorf("the certificate's readings are of form %.60q; this program reads %q", d.Readings.Format, got.Format)
	}
	if n, m := len(got.Ranges), len(d.Readings.Ranges); n != m {
		wrong = append(wrong, fmt.Sprintf("the file has %d ranges, the certificate %d", n, m))
	}
	for i := range min(len(got.Ranges), len(d.Readings.Ranges)) {
		was, now := d.Readings.Ranges[i], got.Ranges[i]
		name := fmt.Sprintf("%s from %s", was.Point, was.From.Format(time.RFC3339))
		switch {
		case was.Point != now.Point || was.Quantity != now.Quantity || !was.From.Equal(now.From) || !was.To.Equal(now.To):
			wrong = append(wrong, fmt.Sprintf("%s: the file has %s from %s instead", name, now.Point, now.From.Format(time.RFC3339)))
		case was.Count != now.Count:
			wrong = append(wrong, fmt.Sprintf("%s: the file has %d readings, the certificate used %d", name, now.Count, was.Count))
		case was.Digest != now.Digest:
			wrong = append(wrong, fmt.Sprintf("%s: a reading of %d was changed", name, now.Count))
		}
	}
	if len(wrong) == 0 && got.Digest != d.Readings.Digest {
		return nil, errors.New("the ranges fit and their sum does not: the certificate contradicts itself")
	}
	return wrong, nil
}

package retention

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Format names the form of an evidence file: a zstd stream of a CBOR sequence
// (RFC 8742). First comes the header, a map; then a row for each reading, an
// array; then the number of rows. DESIGN.md has it byte by byte.
const Format = "coldchain evidence 1"

// Header is what an evidence file says of itself.
type Header struct {
	Format    string    `cbor:"format"`
	County    string    `cbor:"county"`
	Reference string    `cbor:"reference"` // the certificate's number
	By        string    `cbor:"by"`        // the actor, "kind:id"
	Frozen    time.Time `cbor:"frozen"`    // when the ranges were frozen
	Made      time.Time `cbor:"made"`      // when the file was
	Ranges    []Range   `cbor:"ranges"`
}

// Range is a stretch of a point's readings, From inside and To outside.
type Range struct {
	Point    sensors.PointID  `cbor:"point"`
	Quantity sensors.Quantity `cbor:"quantity"`
	Unit     sensors.Unit     `cbor:"unit"`
	From     time.Time        `cbor:"from"`
	To       time.Time        `cbor:"to"`
}

// row is one reading as it was stored.
type row struct {
	_             struct{} `cbor:",toarray"`
	Range         int
	MS            int64 // since 1970 UTC
	Value         *float64
	Raw           *float64 // nil when it does not differ
	Quality       string   // good, uncertain, bad
	Reason        string
	Reconstructed bool
	Gateway       string
	Epoch, Seq    uint64
}

// Bounds of a file that is read.
const (
	maxRanges   = 1000
	maxMemory   = 64 << 20 // of the decompressor
	maxReadings = 100_000_000
)

type writer struct {
	zip   *zstd.Encoder
	cbor  *cbor.Encoder
	count int
}

func newWriter(out io.Writer, h Header) (*writer, error) {
	zip, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	mode, err := cbor.EncOptions{Sort: cbor.SortCanonical, Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		return nil, errors.Join(err, zip.Close())
	}
	w := &writer{zip: zip, cbor: mode.NewEncoder(zip)}
	h.Format = Format
	return w, w.cbor.Encode(h)
}

func (w *writer) add(of int, r store.Record) error {
	x := row{Range: of, MS: r.Time.UnixMilli(), Quality: r.Quality.String(), Reason: string(r.Reason), Reconstructed: r.Reconstructed,
		Gateway: r.Gateway, Epoch: r.Epoch, Seq: r.Seq}
	if v, ok := r.Value(); ok {
		x.Value = &v
	}
	if v, ok := r.Raw(); ok {
		x.Raw = &v
	}
	w.count++
	return w.cbor.Encode(x)
}

func (w *writer) close() error {
	return errors.Join(w.cbor.Encode(w.count), w.zip.Close())
}

// ReadEvidence reads an evidence file without any store: its header, and each
// reading in the order of ranges and time. It stops early, without error, when
// each returns false. A file that is cut short or was put together wrongly is
// an error.
func ReadEvidence(in io.Reader, each func(store.Record) bool) (Header, error) {
	return ReadRanges(in, func(_ Header, _ int, r store.Record) bool { return each(r) })
}

// ReadRanges is ReadEvidence with the header and which of its ranges a reading
// is of: two of them may overlap.
func ReadRanges(in io.Reader, each func(h Header, of int, r store.Record) bool) (h Header, err error) {
	zip, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory), zstd.WithDecoderLowmem(true))
	if err != nil {
		return h, err
	}
	defer zip.Close()
	mode, err := cbor.DecOptions{MaxArrayElements: maxRanges + 16, MaxMapPairs: 16, MaxNestedLevels: 8, DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode()
	if err != nil {
		return h, err
	}
	items := mode.NewDecoder(bufio.NewReader(zip))
	if err := items.Decode(&h); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	if h.Format != Format {
		return h, fmt.Errorf("it says format %.60q; this program reads %q", h.Format, Format)
	}
	for n := 0; n <= maxReadings; n++ {
		var item cbor.RawMessage
		if err := items.Decode(&item); err != nil {
			return h, fmt.Errorf("after %d readings: %w", n, noEnd(err))
		}
		if item[0]>>5 == 0 { // an unsigned integer: the number of rows, and the end
			var rows int
			if err := mode.Unmarshal(item, &rows); err != nil || rows != n {
				return h, fmt.Errorf("it holds %d readings and says %d (%v)", n, rows, err)
			}
			if err := items.Decode(&item); !errors.Is(err, io.EOF) {
				return h, fmt.Errorf("something lies behind its end (%v)", err)
			}
			return h, nil
		}
		var x row
		if err := mode.Unmarshal(item, &x); err != nil {
			return h, fmt.Errorf("reading %d: %w", n, err)
		}
		r, err := h.record(x)
		if err != nil {
			return h, fmt.Errorf("reading %d: %w", n, err)
		}
		if !each(h, x.Range, r) {
			return h, nil
		}
	}
	return h, fmt.Errorf("it holds more than %d readings", maxReadings)
}

func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (h Header) record(x row) (store.Record, error) {
	if x.Range < 0 || x.Range >= len(h.Ranges) {
		return store.Record{}, fmt.Errorf("it is of range %d; there are %d", x.Range, len(h.Ranges))
	}
	of := h.Ranges[x.Range]
	quality, err := sensors.ParseQuality(x.Quality)
	if err != nil {
		return store.Record{}, err
	}
	if (x.Value == nil) != (quality == sensors.Bad) {
		return store.Record{}, fmt.Errorf("quality %s and value contradict each other", quality)
	}
	at, reason := time.UnixMilli(x.MS).UTC(), sensors.Reason(x.Reason)
	if at.Before(of.From) || !at.Before(of.To) {
		return store.Record{}, fmt.Errorf("%s lies outside its range", at.Format(time.RFC3339))
	}
	var r sensors.Reading
	switch quality {
	case sensors.Good:
		r = sensors.NewGood(of.Point, at, *x.Value)
	case sensors.Uncertain:
		r = sensors.NewUncertain(of.Point, at, *x.Value, reason)
	default:
		r = sensors.NewBad(of.Point, at, reason)
	}
	r.Reason = reason
	if x.Raw != nil {
		r = r.WithRaw(*x.Raw)
	}
	return store.Record{Reading: r, Quantity: of.Quantity, Gateway: x.Gateway, Epoch: x.Epoch, Seq: x.Seq, Reconstructed: x.Reconstructed}, nil
}

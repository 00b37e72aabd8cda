package calibration

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"coldchain/sensors"
)

// maxLine and maxEntries bound what a file may make us hold.
const (
	maxLine    = 16 << 10
	maxEntries = 10_000
)

// Book is the calibration records of a site, in the order in which they were
// entered. It does not change once it is read.
type Book struct {
	entries []Entry
	points  map[sensors.PointID][]span
	size    int64 // bytes of whole lines
	torn    bool
}

// Load reads a book. A file that is not there is an empty one. An error names
// the file and the line; no record of a file with an error is used.
func Load(path string) (*Book, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return &Book{points: map[sensors.PointID][]span{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read calibration records: %w", err)
	}
	defer f.Close()
	b, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("calibration records %s: %w", path, err)
	}
	return b, nil
}

// Read reads a book from its lines. A last line without an end was cut off
// while it was written, so its writer never said it was done: it is left out
// and Torn reports it.
func Read(r io.Reader) (*Book, error) {
	b := &Book{points: map[sensors.PointID][]span{}}
	lines := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			b.torn = len(line) > 0
			return b, nil
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("line %d: longer than %d bytes", n, maxLine)
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", n, err)
		case n > maxEntries:
			return nil, fmt.Errorf("line %d: more than %d records", n, maxEntries)
		}
		e, err := parse(line[:len(line)-1])
		if err == nil {
			err = b.add(e)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		b.size += int64(len(line))
	}
}

// parse reads one line and demands its one form: an unknown, doubled or moved
// field, a space, a number written otherwise are all refused.
func parse(line []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, fmt.Errorf("not a calibration record: %w", err)
	}
	if err := e.Record.check(); err != nil {
		return e, err
	}
	if !second(e.Entered) || !plain(e.Actor) {
		return e, errors.New("want entered in whole seconds and an actor")
	}
	again, err := e.line(digest)
	if err != nil {
		return e, fmt.Errorf("not a calibration record: %w", err)
	}
	if !bytes.Equal(line, again) {
		return e, errors.New("changed after it was written: its hash or its form is not that of an entered record")
	}
	return e, nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Head is the hash of the last entry, 64 zeros for an empty book. Journaled when
// it changes, it lets the county notice a book that was rewritten as a whole.
func (b *Book) Head() string {
	if len(b.entries) == 0 {
		return strings.Repeat("0", 2*sha256.Size)
	}
	return b.entries[len(b.entries)-1].Hash
}

// Torn reports that the file ended in the middle of a line, which was left out.
func (b *Book) Torn() bool { return b.torn }

// Entries lists the records as they were entered.
func (b *Book) Entries() []Entry { return slices.Clone(b.entries) }

// Due lists, by point, the records in force at a time that end within a
// duration or have ended, so that somebody orders the next calibration.
func (b *Book) Due(at time.Time, within time.Duration) []Entry {
	var due []Entry
	for _, e := range b.entries {
		s, ok := b.find(e.Point, at)
		if ok && s.entry.Seq == e.Seq && !s.until.After(at.Add(within)) {
			due = append(due, e)
		}
	}
	return due
}

// add checks an entry against those before it and takes it in.
func (b *Book) add(e Entry) error {
	if err := b.fits(e); err != nil {
		return err
	}
	spans, err := b.place(e)
	if err != nil {
		return err
	}
	b.points[e.Point] = spans
	b.entries = append(b.entries, e)
	return nil
}

// fits reports why an entry cannot follow those that are there.
func (b *Book) fits(e Entry) error {
	if e.Seq != len(b.entries)+1 {
		return fmt.Errorf("record %d where %d is next: one was taken out or put in", e.Seq, len(b.entries)+1)
	}
	if e.Prev != b.Head() {
		return errors.New("does not follow from the record before: one was changed, taken out or put in")
	}
	if n := len(b.entries); n > 0 && e.Entered.Before(b.entries[n-1].Entered) {
		return fmt.Errorf("entered %s, before the last record; is the clock right?", e.Entered.Format(time.RFC3339))
	}
	_, err := b.place(e)
	return err
}

// place finds where the record's time lies among those of its point, which do
// not overlap.
func (b *Book) place(e Entry) ([]span, error) {
	spans := slices.Clone(b.points[e.Point])
	s := span{entry: e, from: e.Effective(), until: e.Until}
	if !s.until.After(s.from) {
		return nil, fmt.Errorf("it ended on %s, before it was entered", e.Until.Format(time.RFC3339))
	}
	superseded := false
	for i := range spans {
		if spans[i].entry.Quantity != e.Quantity {
			return nil, fmt.Errorf("point %s was %s in record %d", e.Point, spans[i].entry.Quantity, spans[i].entry.Seq)
		}
		if spans[i].entry.Seq == e.Supersedes {
			if !spans[i].from.Before(s.from) {
				return nil, fmt.Errorf("supersedes record %d, which begins later", e.Supersedes)
			}
			superseded = true
			if spans[i].until.After(s.from) {
				spans[i].until = s.from
			}
		}
	}
	if e.Supersedes != 0 && !superseded {
		return nil, fmt.Errorf("supersedes record %d, which is no record of this point", e.Supersedes)
	}
	for _, other := range spans {
		if s.from.Before(other.until) && other.from.Before(s.until) {
			return nil, fmt.Errorf("overlaps record %d of this point (%s to %s); enter it as superseding that one or begin later",
				other.entry.Seq, other.from.Format(time.RFC3339), other.until.Format(time.RFC3339))
		}
	}
	spans = append(spans, s)
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	return spans, nil
}

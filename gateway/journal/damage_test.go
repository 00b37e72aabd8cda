package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// picture is a journal's files at a moment, and what was in them.
type picture struct {
	db, wal, note []byte
	values        map[int64]float64 // by milliseconds
}

// pictureOf copies the files of an open journal, whose newest commits are in the log.
func pictureOf(t *testing.T) picture {
	t.Helper()
	j := newJournal(t)
	ctx := context.Background()
	p := picture{values: map[int64]float64{}}
	for i := 0; i < 2000; i += 100 {
		for _, r := range mustAppend(t, j, minutes(i, 100)) {
			v, _ := r.Reading.Value()
			p.values[r.Time().UnixMilli()] = v
		}
		if i == 1200 {
			confirm(t, j, ack(1, 300, wire.Stored))
			if _, err := j.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, to := range map[string]*[]byte{j.path: &p.db, j.path + "-wal": &p.wal, j.path + ".note": &p.note} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		*to = b
	}
	return p
}

// check opens damaged files as a restart does and reads all: every value is one
// that was written, and what is missing of the first commits is declared.
func (p picture) check(t *testing.T, what string, db, wal []byte) (replaced bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	for name, b := range map[string][]byte{path: db, path + "-wal": wal, path + ".note": p.note} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	later := morning.Add(72 * time.Hour)
	j, err := Open(ctx, path, Options{Now: func() time.Time { return later }})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer j.Close()
	missing := maps.Clone(p.values)
	gaps := 0
	read := func() error {
		return j.Records(ctx, 0, math.MaxUint64, func(e Entry) bool {
			if e.Kind == wire.GapRecord {
				gaps++
			}
			if e.Kind != wire.ReadingRecord {
				return true
			}
			at := e.Time().UnixMilli()
			v, _ := e.Reading.Value()
			if was, ok := p.values[at]; !ok || v != was {
				t.Errorf("%s: record %d of %v has %v, and %v was written", what, e.Seq, e.Time(), v, was)
			}
			delete(missing, at)
			return true
		})
	}
	if err := read(); err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%s: %v", what, err)
		}
		missing, gaps = maps.Clone(p.values), 0
		if err := read(); err != nil {
			t.Fatalf("%s: after the damaged file was moved aside: %v", what, err)
		}
	}
	replaced = len(j.Quarantined()) > 0
	lost := 0
	for at := range missing {
		// Delivered ones need not be recovered; those at the end are what a
		// cut log takes, which the agent's restart gap declares.
		if n := (at - morning.UnixMilli()) / 60_000; n >= 300 && (replaced || n < 1300) {
			lost++
		}
	}
	if lost > 0 && gaps == 0 {
		t.Errorf("%s: %d readings are lost, and no gap says so (replaced: %v)", what, lost, replaced)
	}
	if _, err := j.Append(ctx, readings(3)); err != nil {
		t.Errorf("%s: append: %v", what, err)
	}
	return replaced
}

// TestFlippedBytesAreNeverAValue turns one byte of the file or of its log over,
// at places all over them.
func TestFlippedBytesAreNeverAValue(t *testing.T) {
	p := pictureOf(t)
	step := 1201
	if testing.Short() {
		step = 3989
	}
	found := 0
	for i := 0; i < len(p.db); i += step {
		b := append([]byte(nil), p.db...)
		b[i] ^= byte(1 << (i % 8))
		if p.check(t, fmt.Sprintf("byte %d of the file", i), b, p.wal) {
			found++
		}
	}
	if found == 0 {
		t.Error("no flipped byte was found out: the test tests nothing")
	}
	for i := 0; i < len(p.wal); i += step * 4 {
		b := append([]byte(nil), p.wal...)
		b[i] ^= byte(1 << (i % 8))
		p.check(t, fmt.Sprintf("byte %d of the log", i), p.db, b)
	}
}

func TestFilesCutShort(t *testing.T) {
	p := pictureOf(t)
	step := 9001
	if testing.Short() {
		step = 16411
	}
	for i := 1; i < len(p.db); i += step {
		p.check(t, fmt.Sprintf("file cut at %d", i), p.db[:i], p.wal)
	}
	for i := 0; i < len(p.wal); i += step {
		p.check(t, fmt.Sprintf("log cut at %d", i), p.db, p.wal[:i])
	}
}

// TestADamagedNumberDoesNotHideWhatLiesBehindIt: SQLite takes a number that is
// none for the end of a range and ends without an error. Which byte does that
// depends on where records lie in the page, so a page is damaged all over.
func TestADamagedNumberDoesNotHideWhatLiesBehindIt(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	j := open(t, whole)
	const all, page = 10_000, 300
	mustAppend(t, j, readings(all))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	middle := len(file) / 2 / 4096 * 4096
	for _, at := range []int{1200, 1210, 1220, 1230, 1240, 1250, 1260, 2500, 3700} {
		damaged := bytes.Clone(file)
		copy(damaged[middle+at:], bytes.Repeat([]byte{0xff}, 40))
		path := filepath.Join(t.TempDir(), "journal.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := OpenReader(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		err = r.Records(t.Context(), "", time.Time{}, time.Time{}, func(Entry) bool { read++; return true })
		if !errors.Is(err, ErrCorrupt) || read < all-page || read == all {
			t.Errorf("byte %d: read %d of %d (%v); want all but those of one page, and to be told", at, read, all, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}

		// The agent finds it when it delivers, and takes over what is readable.
		agent := open(t, path)
		for from := uint64(0); ; {
			offered, err := agent.Offer(t.Context(), from, 500)
			if errors.Is(err, ErrCorrupt) {
				from = 0 // the file has been replaced
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(offered) == 0 {
				break
			}
			from = offered[len(offered)-1].Seq
		}
		if n := agent.Undelivered(); n < all-page {
			t.Errorf("byte %d: %d of %d left to deliver; want all but those of one page", at, n, all)
		}
	}
}

// A byte turned over in the schema is damage: the tables are there and sound,
// and are not a journal's any more.
func TestAFlippedByteInTheSchemaIsDamage(t *testing.T) {
	for _, names := range [][2]string{{"reason  INTEGER", "season  INTEGER"}, {"TABLE record", "TABLE recorc"}, {"mono_ms INTEGER", "mono_ns INTEGER"}} {
		j := newJournal(t)
		mustAppend(t, j, minutes(0, 10))
		path := j.path
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoiled := bytes.Replace(b, []byte(names[0]), []byte(names[1]), 1)
		if bytes.Equal(b, spoiled) {
			t.Fatalf("no %q in the file", names[0])
		}
		if err := os.WriteFile(path, spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Errorf("%q: %v; want a new journal beside the damaged one", names[1], err)
			continue
		}
		if again.Epoch() != 2 || len(again.Quarantined()) != 1 {
			t.Errorf("%q: epoch %d, set aside %v", names[1], again.Epoch(), again.Quarantined())
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

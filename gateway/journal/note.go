package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"coldchain/gateway/wire"
)

// note is the small file beside the journal that survives it: which epoch it
// was in, from where on records were not delivered, and a time at which it was
// all right. It is never behind in the epoch; the rest may be old.
type note struct {
	epoch, oldest uint64
	at            time.Time // of the newest record then
}

func (j *Journal) notePath() string { return j.path + ".note" }

const noteFormat = "coldchain-journal epoch %d oldest %d at %d sum %d\n"

// note writes the note for an epoch, durably, by renaming. The caller has the
// turn.
func (j *Journal) note(ctx context.Context, epoch uint64) error {
	sure, err := j.sureUntil(ctx, j.listGaps(ctx))
	if err != nil {
		return err
	}
	j.mu.Lock()
	n := note{epoch: epoch, oldest: j.oldest, at: sure}
	j.mu.Unlock()
	if before, ok := j.readNote(); ok && before.epoch > epoch {
		n.epoch, n.oldest = before.epoch, before.oldest // of a file that is gone
	}
	at := int64(0)
	if !n.at.IsZero() {
		at = n.at.UnixMilli()
	}
	text := fmt.Sprintf(noteFormat, n.epoch, n.oldest, at, sumOf(n.epoch, n.oldest, at))
	if err := WriteDurably(j.notePath(), []byte(text)); err != nil {
		return fmt.Errorf("note the epoch beside the journal: %w", classify(err))
	}
	return nil
}

// sureUntil is a time before which all that there ever was has been delivered:
// that of the oldest record that waits, else of the newest. An empty journal
// knows no more than the note before it, and a first one that it begins now. It
// is zero where no clock was believed. A gap that waits counts only where it is
// not listed beside the journal, from where it is declared again.
func (j *Journal) sureUntil(ctx context.Context, listed bool) (time.Time, error) {
	j.mu.Lock()
	oldest, pending, newest, some := j.oldest, j.pending, j.timed, j.hasLast
	j.mu.Unlock()
	switch {
	case pending > 0:
		none, ok := j.words[string(wire.ClockNone)]
		if !ok {
			none = -1
		}
		var wall sql.NullInt64
		err := j.conn.QueryRowContext(ctx, "SELECT min(wall_ms) FROM record WHERE seq >= ? AND clock <> ? AND NOT (kind = 1 AND ?)", int64(oldest), none, listed).Scan(&wall)
		if err == nil && wall.Valid {
			return fromMS(wall.Int64), nil
		}
		return newest.at, err
	case some:
		return newest.at, nil
	}
	if n, ok := j.readNote(); ok {
		return n.at, nil
	}
	now := j.o.Now()
	if source, _ := j.o.Stamp(now); source == wire.ClockNone {
		return time.Time{}, nil
	}
	return now, nil
}

// WriteDurably puts content in the place of a small file: after a power cut it
// is the old one or the new one. Nobody else may write it meanwhile: a power cut
// leaves one file beside it at most, which the next writing takes away.
func WriteDurably(path string, content []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// readNote returns the note, or ok false when there is none that can be
// believed.
func (j *Journal) readNote() (n note, ok bool) {
	b, err := os.ReadFile(j.notePath())
	if err != nil || len(b) > 200 {
		return note{}, false
	}
	var at, sum int64
	if _, err := fmt.Sscanf(string(b), noteFormat, &n.epoch, &n.oldest, &at, &sum); err != nil || sum != sumOf(n.epoch, n.oldest, at) {
		return note{}, false
	}
	if at != 0 {
		n.at = fromMS(at)
	}
	return n, true
}

// present fails when there was a journal, as its note says, and SQLite would
// take what is left of it for an empty file.
func (j *Journal) present() error {
	n, noted := j.readNote()
	j.mu.Lock()
	j.before = n
	j.mu.Unlock()
	info, err := os.Stat(j.path)
	if err == nil && info.Size() >= 512 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil // opening it says more
	}
	if !noted {
		return nil
	}
	return fmt.Errorf("journal %s: %w: it is gone or cut to nothing", j.path, ErrCorrupt)
}

// DeclaredToNow reports whether this opening of the journal has declared a loss
// that reaches up to it: then the time since the last record needs no gap.
func (j *Journal) DeclaredToNow() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.declared
}

// begun fails for a file without a record that is not a new one: what had been
// delivered was in its log, which is gone; or it was made in the place of a
// damaged one and never got its identity, because the power went in between. It
// cannot say what is missing.
func (j *Journal) begun() error {
	_, noted := j.readNote()
	j.mu.Lock()
	some, before, epoch := j.hasLast, j.before, j.epoch
	j.mu.Unlock()
	if some || !noted {
		return nil
	}
	if before.oldest > 1 || before.epoch > epoch {
		return fmt.Errorf("journal %s: %w: it is empty, and was delivered up to number %d of epoch %d", j.path, ErrCorrupt, before.oldest-1, before.epoch)
	}
	if len(j.ownAside()) == 0 {
		return nil // the first record of one that takes another's place is the event that says so
	}
	return fmt.Errorf("journal %s: %w: it was begun in the place of another one and is empty", j.path, ErrCorrupt)
}

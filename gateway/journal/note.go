package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
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

// note writes the note for an epoch, durably, by renaming.
func (j *Journal) note(epoch uint64) error {
	j.mu.Lock()
	n := note{epoch: epoch, oldest: j.oldest, at: j.last}
	j.mu.Unlock()
	at := int64(0)
	if !n.at.IsZero() {
		at = n.at.UnixMilli()
	}
	text := fmt.Sprintf(noteFormat, n.epoch, n.oldest, at, sumOf(n.epoch, n.oldest, at))
	err := WriteDurably(j.notePath(), []byte(text))
	if err != nil {
		return fmt.Errorf("note the epoch beside the journal: %w", classify(err))
	}
	return nil
}

// WriteDurably puts content in the place of a small file: after a power cut it
// is the old one or the new one.
func WriteDurably(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
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

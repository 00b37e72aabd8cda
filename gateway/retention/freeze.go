package retention

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
)

// Freeze keeps what a certificate used: from its return on no retention takes
// these ranges away, and a copy of their readings lies in the folder of
// evidence, with its SHA-256 in the audit. Doing it again changes nothing.
// When the store cannot be read, the error wraps store.ErrTemporary: the ranges
// are frozen all the same, and Run writes the copy as soon as it can.
func (k *Keeper) Freeze(ctx context.Context, actor state.Actor, reference string, ranges []state.FrozenRange) (state.Frozen, error) {
	k.removing.Lock()
	f, _, err := k.o.State.Freeze(ctx, actor, reference, ranges)
	k.removing.Unlock()
	if err != nil || f.Evidence != nil {
		return f, err
	}
	if err := k.writeEvidence(ctx, f); err != nil {
		return f, fmt.Errorf("%s is frozen and has no copy yet: %w", reference, err)
	}
	return k.o.State.Frozen(ctx, reference)
}

// finishEvidence writes the copies that are missing.
func (k *Keeper) finishEvidence(ctx context.Context) error {
	all, err := k.o.State.AllFrozen(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range all {
		if f.Evidence == nil {
			failed = append(failed, k.writeEvidence(ctx, f))
		}
	}
	return errors.Join(failed...)
}

// Folder is the name of the folder of evidence in a county's data.
const Folder = "frozen"

// suffix of evidence files.
const suffix = ".cbor.zst"

// writeEvidence copies the readings of a frozen set into its file and notes it
// once that is durable. A file that a broken attempt left is replaced.
func (k *Keeper) writeEvidence(ctx context.Context, f state.Frozen) (err error) {
	k.writing.Lock()
	defer k.writing.Unlock()
	if now, err := k.o.State.Frozen(ctx, f.Reference); err != nil || now.Evidence != nil {
		return err // somebody else has just done it
	}
	if err := os.MkdirAll(k.o.Folder, 0o750); err != nil {
		return fmt.Errorf("folder of evidence: %w", err)
	}
	name := f.Reference + suffix
	draft := filepath.Join(k.o.Folder, name+".new")
	file, err := os.OpenFile(draft, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("evidence of %s: %w", f.Reference, err)
	}
	sum := sha256.New()
	size := &counter{w: io.MultiWriter(file, sum)}
	readings, err := k.copyReadings(ctx, size, f)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("evidence of %s: %w", f.Reference, errors.Join(err, os.Remove(draft)))
	}
	if err := os.Rename(draft, filepath.Join(k.o.Folder, name)); err != nil {
		return fmt.Errorf("evidence of %s: %w", f.Reference, err)
	}
	if err := syncFolder(k.o.Folder); err != nil {
		return fmt.Errorf("evidence of %s: %w", f.Reference, err)
	}
	e := state.Evidence{File: name, Bytes: size.n, SHA256: sum.Sum(nil), Readings: readings}
	if err := k.o.State.NoteEvidence(ctx, f.By, f.Reference, e); err != nil {
		return err
	}
	k.o.Logger.Info("frozen", "reference", f.Reference, "ranges", len(f.Ranges), "readings", readings, "file", name, "sha256", hex.EncodeToString(e.SHA256))
	return nil
}

func (k *Keeper) copyReadings(ctx context.Context, out io.Writer, f state.Frozen) (int, error) {
	w, err := newWriter(out, headerOf(k.o.County, f, k.o.Now()))
	if err != nil {
		return 0, err
	}
	for i, r := range f.Ranges {
		var bad error
		q := store.Query{Point: r.Point, Quantity: r.Quantity, From: r.From, To: r.To}
		err := k.o.Store.Read(ctx, q, func(record store.Record) bool {
			bad = w.add(i, record)
			return bad == nil
		})
		if err = errors.Join(err, bad); err != nil {
			return 0, errors.Join(err, w.close())
		}
	}
	return w.count, w.close()
}

func headerOf(county string, f state.Frozen, made time.Time) Header {
	h := Header{County: county, Reference: f.Reference, By: f.By.String(), Frozen: f.At, Made: made.UTC().Truncate(time.Millisecond)}
	for _, r := range f.Ranges {
		h.Ranges = append(h.Ranges, Range{Point: r.Point, Quantity: r.Quantity, Unit: r.Quantity.Unit(), From: r.From, To: r.To})
	}
	return h
}

// Verify reads an evidence file whole and compares it with what county.db says
// of it: its SHA-256, its reference and how many readings it holds.
func Verify(folder string, f state.Frozen) error {
	if f.Evidence == nil {
		return fmt.Errorf("%s has no evidence file yet", f.Reference)
	}
	path := filepath.Join(folder, f.Evidence.File)
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("evidence of %s: %w", f.Reference, err)
	}
	defer file.Close() // only read
	sum := sha256.New()
	n := 0
	h, err := ReadEvidence(io.TeeReader(file, sum), func(store.Record) bool { n++; return true })
	if err == nil {
		_, err = io.Copy(sum, file) // what lies behind it would change the sum
	}
	switch {
	case err != nil:
		return fmt.Errorf("evidence %s: %w", path, err)
	case hex.EncodeToString(sum.Sum(nil)) != hex.EncodeToString(f.Evidence.SHA256):
		return fmt.Errorf("evidence %s was changed: its SHA-256 is %x, and %x is noted", path, sum.Sum(nil), f.Evidence.SHA256)
	case h.Reference != f.Reference || n != f.Evidence.Readings:
		return fmt.Errorf("evidence %s is of %q with %d readings; %q with %d is noted", path, h.Reference, n, f.Reference, f.Evidence.Readings)
	}
	return nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

package calibration

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Append enters a record at the end of a file, which it makes if need be, and
// returns it as it stands there. It checks the whole file first and refuses a
// record that does not fit; when it returns, the record is durable. Who enters
// it is the actor, and at is when. Two programs may append at the same time.
func Append(path string, r Record, actor string, at time.Time) (Entry, error) {
	e, err := appendTo(path, r, actor, at)
	if err != nil {
		return Entry{}, fmt.Errorf("enter calibration of %s in %s: %w", r.Point, path, err)
	}
	return e, nil
}

func appendTo(path string, r Record, actor string, at time.Time) (e Entry, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return e, err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { // ends with Close
		return e, fmt.Errorf("lock: %w", err)
	}
	b, err := Read(f)
	if err != nil {
		return e, err
	}
	e, line, err := b.Next(r, actor, at)
	if err != nil {
		return e, err
	}
	// What was cut off while it was written goes; nobody was told it was done.
	if err := f.Truncate(b.size); err != nil {
		return e, err
	}
	if _, err := f.Seek(b.size, io.SeekStart); err != nil {
		return e, err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		_ = f.Truncate(b.size) // else it is torn and goes next time
		return e, err
	}
	if err := f.Sync(); err != nil {
		return e, err
	}
	return e, syncFolder(filepath.Dir(path))
}

// Next returns the entry that a record would become, and its line without the
// end, or why it cannot be entered. It writes nothing.
func (b *Book) Next(r Record, actor string, at time.Time) (Entry, []byte, error) {
	// Up to the next whole second: not one earlier reading is touched.
	e := Entry{
		Seq: len(b.entries) + 1, Entered: at.UTC().Add(time.Second - 1).Truncate(time.Second),
		Actor: actor, Record: r.tidy(), Prev: b.Head(),
	}
	if err := e.Record.check(); err != nil {
		return e, nil, err
	}
	line, err := e.line(digest)
	if err != nil {
		return e, nil, err
	}
	if len(b.entries) >= maxEntries || len(line) >= maxLine {
		return e, nil, fmt.Errorf("record %d of %d bytes: want at most %d records of %d bytes", e.Seq, len(line), maxEntries, maxLine)
	}
	// Read back what will stand there, so that whatever is entered can be read.
	if e, err = parse(line); err != nil {
		return e, nil, err
	}
	return e, line, b.fits(e)
}

// syncFolder makes the name of a new file durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

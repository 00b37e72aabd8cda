package w1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// SysfsRoot is where the kernel shows its 1-Wire buses and probes.
const SysfsRoot = "/sys/bus/w1/devices"

// maxFile bounds what is read of a file; sysfs gives at most one page.
const maxFile = 4096

// Tree is the part of a file system that the kernel's driver answers in. Names
// are slash-separated and relative to its root. A call may block for as long
// as a conversion takes, or for ever.
type Tree interface {
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
	List(name string) ([]string, error)
}

// Folder is the Tree below a folder of the operating system, SysfsRoot in
// production.
type Folder string

// Read returns the file's content, at most one page of it.
func (f Folder) Read(name string) ([]byte, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile))
}

// Write writes to a file that is there already, in one system call: sysfs takes
// each call as a command of its own.
func (f Folder) Write(name string, data []byte) error {
	file, err := os.OpenFile(f.path(name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// List returns the names in a folder.
func (f Folder) List(name string) ([]string, error) {
	entries, err := os.ReadDir(f.path(name))
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (f Folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// Files asks a Tree without waiting longer than the caller wants. Nothing can
// interrupt a read of sysfs, so each question has a goroutine, which Files
// owns. One that hangs is left behind, and until it has come back further
// questions about the same probe fail at once. An answer that comes too late
// is thrown away.
type Files struct {
	tree Tree

	mu     sync.Mutex
	closed bool
	asked  map[string]*question // not yet answered, by whom they are about
}

type question struct {
	since time.Time
	back  chan struct{} // closed when it has come back
}

// ErrClosed is the error of questions after Close.
var ErrClosed = errors.New("1-Wire files are closed")

// HungError says that an earlier question has not come back.
type HungError struct {
	About string // a probe or a bus
	Since time.Time
}

// Error names the probe.
func (e *HungError) Error() string {
	return fmt.Sprintf("1-Wire %s: a question of %s has not come back", e.About, e.Since.UTC().Format(time.RFC3339))
}

// Timeout reports true: a hung file is a probe that did not answer in time.
func (e *HungError) Timeout() bool { return true }

// NewFiles returns the owner of questions to a tree. Close it when all buses
// that use it are done.
func NewFiles(tree Tree) *Files {
	return &Files{tree: tree, asked: map[string]*question{}}
}

// Close waits until no question is under way, or until ctx ends, and then says
// which one hangs.
func (f *Files) Close(ctx context.Context) error {
	f.mu.Lock()
	f.closed = true
	open := make(map[string]*question, len(f.asked))
	for about, q := range f.asked {
		open[about] = q
	}
	f.mu.Unlock()
	for about, q := range open {
		select {
		case <-q.back:
		case <-ctx.Done():
			return fmt.Errorf("close the 1-Wire files: %w", &HungError{about, q.since})
		}
	}
	return nil
}

// read asks for a file of what about names.
func (f *Files) read(ctx context.Context, about, name string) (text []byte, err error) {
	return f.ask(ctx, about, func() ([]byte, error) { return f.tree.Read(name) })
}

// write gives a command to a file of what about names.
func (f *Files) write(ctx context.Context, about, name, text string) error {
	_, err := f.ask(ctx, about, func() ([]byte, error) { return nil, f.tree.Write(name, []byte(text)) })
	return err
}

// ask calls in a goroutine and waits for it until ctx ends.
func (f *Files) ask(ctx context.Context, about string, call func() ([]byte, error)) ([]byte, error) {
	q, err := f.begin(ctx, about)
	if err != nil {
		return nil, err
	}
	var text []byte
	go func() {
		text, err = call()
		f.mu.Lock()
		delete(f.asked, about)
		f.mu.Unlock()
		close(q.back)
	}()
	select {
	case <-q.back:
		return text, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin takes the place of the only question about somebody.
func (f *Files) begin(ctx context.Context, about string) (*question, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	if q := f.asked[about]; q != nil {
		return nil, &HungError{about, q.since}
	}
	q := &question{since: time.Now(), back: make(chan struct{})}
	f.asked[about] = q
	return q, nil
}

//go:build bench

// Package ticker is a clock that two processes share by a file in memory: what
// one sets, the other reads at once. It guarantees nothing else.
package ticker

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Ticker is the shared clock.
type Ticker struct{ ms *atomic.Int64 }

// Open maps the clock in a file, which is made when it is not there. It stays
// mapped until the process ends.
func Open(path string) (Ticker, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return Ticker{}, fmt.Errorf("open the bench's clock: %w", err)
	}
	defer f.Close()
	if err := f.Truncate(8); err != nil {
		return Ticker{}, fmt.Errorf("open the bench's clock: %w", err)
	}
	page, err := syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return Ticker{}, fmt.Errorf("map the bench's clock: %w", err)
	}
	return Ticker{(*atomic.Int64)(unsafe.Pointer(&page[0]))}, nil // a page is aligned
}

// Now is the time that was set last.
func (t Ticker) Now() time.Time { return time.UnixMilli(t.ms.Load()) }

// Set sets it.
func (t Ticker) Set(now time.Time) { t.ms.Store(now.UnixMilli()) }

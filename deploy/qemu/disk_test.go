//go:build qemu

package qemu

import (
	"math/rand/v2"
	"sync"
)

const sector = 512 // a disk writes one as a whole or not at all

// disk is one with a cache that forgets: what was written is read back at once
// and is safe only after a flush. When the power goes, any part of what was
// written since may be lost, in any mixture, and a write may stop halfway.
type disk struct {
	lies bool // it calls a flush done and does nothing

	mu     sync.Mutex
	safe   []byte // what a power cut leaves
	shown  []byte // what is read now
	cached []write
	left   int           // writes and flushes until the power goes; 0: it stays
	dead   chan struct{} // closed then
}

type write struct {
	at   int64
	data []byte
}

// losses is what a power cut did to the writes that no flush had covered.
type losses struct{ kept, torn, lost int }

func newDisk(image []byte) *disk {
	return &disk{safe: image, shown: append([]byte(nil), image...), dead: make(chan struct{})}
}

func (d *disk) size() int64 { return int64(len(d.safe)) }

// dieAfter lets the power go at the n-th write or flush from now on, counted
// from 1: a write then may be there, a flush is not done. dead tells.
func (d *disk) dieAfter(n int) (dead <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = n
	return d.dead
}

// goes reports whether the disk still has power. The caller holds mu.
func (d *disk) goes() bool {
	select {
	case <-d.dead:
		return false
	default:
		return true
	}
}

// counts is goes of a write or flush.
func (d *disk) counts() bool {
	if d.left > 0 {
		if d.left--; d.left == 0 {
			close(d.dead)
		}
	}
	return d.goes()
}

func (d *disk) read(p []byte, at int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	copy(p, d.shown[at:])
	return d.goes()
}

// write takes data over.
func (d *disk) write(data []byte, at int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.goes() {
		return false
	}
	// The one at which the power goes was on its way: it may be there.
	copy(d.shown[at:], data)
	d.cached = append(d.cached, write{at, data})
	return d.counts()
}

func (d *disk) flush() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.counts() {
		return false
	}
	if !d.lies {
		for _, w := range d.cached {
			copy(d.safe[w.at:], w.data)
		}
		d.cached = nil
	}
	return true
}

// cut is the power cut: of each write in the cache, chance says whether the
// disk had come to it. Then the power is back.
func (d *disk) cut(chance *rand.Rand) (l losses) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.cached {
		switch n := len(w.data) / sector; chance.IntN(8) {
		case 0, 1, 2, 3:
			l.lost++
		case 4:
			l.torn++
			copy(d.safe[w.at:], w.data[:sector*chance.IntN(max(1, n))])
		default:
			l.kept++
			copy(d.safe[w.at:], w.data)
		}
	}
	d.cached, d.left = nil, 0
	if !d.goes() {
		d.dead = make(chan struct{})
	}
	copy(d.shown, d.safe)
	return l
}

// image is what is on the disk now, for somebody who takes it out.
func (d *disk) image() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]byte(nil), d.shown...)
}

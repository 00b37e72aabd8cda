//go:build qemu

package qemu

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What the rounds prove stands on this: the disk keeps what was flushed, and
// nothing else for sure.
func TestTheDiskForgetsWhatWasNotFlushed(t *testing.T) {
	const at, n = 4 * sector, 8 * sector
	old, flushed, cached := make([]byte, n), bytes.Repeat([]byte{1}, n), bytes.Repeat([]byte{2}, n)
	seen := map[string]int{}
	for seed := range uint64(200) {
		d := newDisk(make([]byte, 64*sector))
		d.write(flushed, at)
		d.flush()
		d.write(cached, at+n)
		if got := make([]byte, n); !d.read(got, at+n) || !bytes.Equal(got, cached) {
			t.Fatal("what was written is not read back")
		}
		d.cut(rand.New(rand.NewPCG(seed, 0)))
		image := d.image()
		if !bytes.Equal(image[at:at+n], flushed) {
			t.Fatalf("seed %d: what was flushed is gone", seed)
		}
		switch rest := image[at+n : at+2*n]; {
		case bytes.Equal(rest, cached):
			seen["kept"]++
		case bytes.Equal(rest, old):
			seen["lost"]++
		default:
			seen["torn"]++
			if whole := bytes.Count(rest, []byte{2}); whole%sector != 0 || !bytes.Equal(rest[:whole], cached[:whole]) {
				t.Fatalf("seed %d: a sector is torn", seed)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("200 power cuts: %v; want some kept, some lost, some torn", seen)
	}
}

// A disk that has lost its power does nothing more, until it is back.
func TestTheDiskDiesAtItsTime(t *testing.T) {
	d := newDisk(make([]byte, 64*sector))
	dead := d.dieAfter(3)
	one := bytes.Repeat([]byte{1}, sector)
	if !d.write(one, 0) || !d.flush() {
		t.Fatal("it died too soon")
	}
	if d.write(one, sector) {
		t.Fatal("it answered the write at which it dies")
	}
	select {
	case <-dead:
	default:
		t.Fatal("it does not say that it is dead")
	}
	if d.flush() || d.write(one, 2*sector) || d.read(make([]byte, sector), 0) {
		t.Error("it works without power")
	}
	d.cut(rand.New(rand.NewPCG(1, 0)))
	if image := d.image(); !bytes.Equal(image[:sector], one) || !bytes.Equal(image[2*sector:3*sector], make([]byte, sector)) {
		t.Error("want what was flushed and nothing of what came after it died")
	}
	if !d.write(one, 0) {
		t.Error("its power is not back")
	}
}

// Without this a green run would say nothing about flushes.
func TestTheDiskThatLiesKeepsNothingForSure(t *testing.T) {
	lost := 0
	for seed := range uint64(50) {
		d := newDisk(make([]byte, 64*sector))
		d.lies = true
		d.write(bytes.Repeat([]byte{1}, sector), 0)
		d.flush()
		d.cut(rand.New(rand.NewPCG(seed, 0)))
		if d.image()[0] == 0 {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nothing was ever lost")
	}
}

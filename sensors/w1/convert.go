package w1

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"coldchain/sensors"
)

// trigger starts a conversion on the whole bus. The kernel takes the command
// with its line feed or, quietly, not at all.
const trigger = "trigger\n"

// converting is how often a bus that is still converting is asked again.
const converting = 50 * time.Millisecond

// fullConversion is what a chip takes at 12 bit (datasheet, "Temperature
// Conversion Time"), for kernels that do not tell.
const fullConversion = 750 * time.Millisecond

// convert has every probe of the bus convert at once where the kernel can do
// that. It reports whether the probes' files still hold the outcome of another
// command, which must be read and thrown away before they convert afresh.
//
// The kernel hides a command that failed: the write succeeds, and the probes'
// files then show the scratchpads of the conversion before. Only the time it
// took tells: the kernel waits out the conversion inside the write.
func (b *Bus) convert(ctx context.Context, due []sensors.PointID) (stale bool, err error) {
	file := b.master + "/therm_bulk_read"
	state, err := b.files.read(ctx, b.master, file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && b.away(ctx, b.master) {
			return false, fmt.Errorf("1-Wire bus %s: %w", b.name, err)
		}
		// One by one: an old kernel, chips that cannot do it, or the second
		// of two buses, which gets no such file.
		return false, lasting(ctx, err)
	}
	want := b.conversionTime(ctx, due)
	// Half the poll is left for reading.
	limited, cancel := context.WithTimeout(ctx, b.timeout/2)
	defer cancel()
	began := b.now()
	if err := b.files.write(limited, b.master, file, trigger); err != nil {
		return strings.TrimSpace(string(state)) != "0", lasting(limited, err)
	}
	for {
		state, err := b.files.read(limited, b.master, file)
		if err != nil {
			return true, lasting(limited, err)
		}
		if strings.TrimSpace(string(state)) != "-1" {
			return b.now().Sub(began) < want, nil
		}
		select {
		case <-time.After(converting):
		case <-limited.Done():
			return true, limited.Err()
		}
	}
}

// lasting returns the errors of the bus's file that forbid reading its probes:
// that nothing came back in time.
func lasting(ctx context.Context, err error) error {
	var late interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrClosed), ctx.Err() != nil:
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil
	case errors.As(err, &late) && late.Timeout():
		return err
	}
	return nil
}

// conversionTime is the longest that the kernel will wait for a probe that is
// due. conv_time costs no time on the wire.
func (b *Bus) conversionTime(ctx context.Context, due []sensors.PointID) time.Duration {
	var longest time.Duration
	for _, id := range due {
		probe := b.points[id]
		if f, _ := ParseID(probe); f == DS28EA00 {
			continue // converts by itself, the kernel never in bulk
		}
		text, err := b.files.read(ctx, probe, probe+"/conv_time")
		var hung *HungError
		if errors.As(err, &hung) || errors.Is(err, fs.ErrNotExist) && b.away(ctx, probe) {
			continue
		}
		t := milliseconds(text)
		if t == 0 {
			t = fullConversion
		}
		longest = max(longest, t)
	}
	return longest
}

// away reports that the kernel does not know the probe or bus.
func (b *Bus) away(ctx context.Context, name string) bool {
	_, err := b.files.list(ctx, name)
	return errors.Is(err, fs.ErrNotExist)
}

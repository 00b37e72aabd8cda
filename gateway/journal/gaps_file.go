package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"coldchain/gateway/wire"
)

// declared is a gap as the list beside the journal keeps it.
type declared struct {
	gap   wire.Gap
	clock string // what its end was read from
}

// gapList is that list: what was declared, so that it is known when the journal
// that said so is gone and the county has forgotten it.
type gapList struct {
	// epoch and generation are the journal's and the store's to which all of it
	// was declared.
	epoch      uint64
	generation string
	upto       uint64 // the journal's gaps up to this number are in it
	forgotten  uint64 // left out, because there were too many
	gaps       []declared
}

const (
	maxListed   = 1000    // gaps
	maxListFile = 1 << 20 // bytes
	listHead    = "coldchain-gaps 1 epoch %d generation %q upto %d forgotten %d lines %d sum %d"
	listLine    = "%d %d %d %q %q %q sum %d" // from, to, count, clock, cause, scope
)

// text is the file: a head, and a line a gap, each with its own sum.
func (l *gapList) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, listHead+"\n", l.epoch, l.generation, l.upto, l.forgotten, len(l.gaps), l.headSum(len(l.gaps)))
	for _, d := range l.gaps {
		from, to := d.gap.From.UnixMilli(), d.gap.To.UnixMilli()
		fmt.Fprintf(&b, listLine+"\n", from, to, d.gap.Count, d.clock, d.gap.Cause, d.gap.Scope, d.sum())
	}
	return b.Bytes()
}

func (l *gapList) headSum(lines int) int64 {
	return sumOf(l.epoch, l.generation, l.upto, l.forgotten, lines)
}

func (d declared) sum() int64 {
	return sumOf(d.gap.From.UnixMilli(), d.gap.To.UnixMilli(), d.gap.Count, d.clock, d.gap.Cause, d.gap.Scope)
}

// parseGapList reads the file. With an error it is damaged: what is returned is
// what its sums vouch for.
func parseGapList(file []byte) (*gapList, error) {
	l := &gapList{}
	if len(file) > maxListFile {
		return l, fmt.Errorf("it has %d bytes, more than such a list can have", len(file))
	}
	lines := bufio.NewScanner(bytes.NewReader(file))
	lines.Buffer(nil, maxListFile)
	lines.Scan()
	want, damage := l.parseHead(lines.Text())
	for n := 2; lines.Scan(); n++ {
		d, err := parseListed(lines.Text())
		if err != nil {
			damage = errors.Join(damage, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		l.gaps = append(l.gaps, d)
	}
	if len(l.gaps) > maxListed || damage == nil && len(l.gaps) != want {
		damage = fmt.Errorf("it has %d gaps and says that it has %d", len(l.gaps), want)
	}
	l.bound()
	return l, damage
}

var errSum = errors.New("it does not match its sum")

func (l *gapList) parseHead(text string) (lines int, err error) {
	var sum int64
	head := gapList{}
	if _, err := fmt.Sscanf(text, listHead, &head.epoch, &head.generation, &head.upto, &head.forgotten, &lines, &sum); err != nil {
		return 0, fmt.Errorf("line 1: %w", err)
	}
	if sum != head.headSum(lines) {
		return 0, fmt.Errorf("line 1: %w", errSum)
	}
	*l = head
	return lines, nil
}

func parseListed(text string) (d declared, err error) {
	var from, to, sum int64
	if _, err := fmt.Sscanf(text, listLine, &from, &to, &d.gap.Count, &d.clock, &d.gap.Cause, &d.gap.Scope, &sum); err != nil {
		return declared{}, err
	}
	if d.gap.From, d.gap.To = fromMS(from), fromMS(to); sum != d.sum() {
		return declared{}, errSum
	}
	return d, nil
}

// add takes a gap that was declared, and reports whether that is news. One that
// still grows takes the place of what was known of it.
func (l *gapList) add(d declared) bool {
	for _, o := range l.gaps {
		if o.gap == d.gap {
			return false
		}
	}
	l.gaps = slices.DeleteFunc(l.gaps, func(o declared) bool {
		return o.gap.Cause == d.gap.Cause && o.gap.Scope == d.gap.Scope && o.gap.Count <= d.gap.Count &&
			!o.gap.From.Before(d.gap.From) && !o.gap.To.After(d.gap.To)
	})
	l.gaps = append(l.gaps, d)
	return true
}

// age leaves out what ended before the local history begins.
func (l *gapList) age(before time.Time) bool {
	n := len(l.gaps)
	l.gaps = slices.DeleteFunc(l.gaps, func(d declared) bool { return d.gap.To.Before(before) })
	return len(l.gaps) < n
}

// bound keeps the list short: gaps that touch become one, the oldest first, and
// if that is not enough, the oldest are left out. No gap ever grows over time
// that was not declared.
func (l *gapList) bound() {
	if len(l.gaps) <= maxListed {
		return
	}
	slices.SortStableFunc(l.gaps, func(a, b declared) int { return a.gap.From.Compare(b.gap.From) })
	over := len(l.gaps) - maxListed
	kept := l.gaps[:0]
	newest := map[[2]string]int{} // of a cause and scope: index in kept
	for _, d := range l.gaps {
		of := [2]string{d.gap.Cause, d.gap.Scope}
		i, known := newest[of]
		if over > 0 && known && !d.gap.From.After(kept[i].gap.To) {
			if k := &kept[i]; d.gap.To.After(k.gap.To) {
				k.gap.To, k.clock = d.gap.To, d.clock
			}
			kept[i].gap.Count = saturated(kept[i].gap.Count, d.gap.Count)
			over--
			continue
		}
		newest[of] = len(kept)
		kept = append(kept, d)
	}
	l.gaps = kept
	if over = len(l.gaps) - maxListed; over > 0 {
		l.gaps = slices.Delete(l.gaps, 0, over)
		l.forgotten += uint64(over)
	}
}

func saturated(a, b uint64) uint64 {
	if a > math.MaxInt64-min(b, math.MaxInt64) {
		return math.MaxInt64
	}
	return a + b
}

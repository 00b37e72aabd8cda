package tool

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"coldchain/gateway/install"
)

// How often progress is shown: on a terminal a bar that moves, otherwise a
// line now and then, as a log or a pipe wants it.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
	barWidth  = 20
)

// bar shows how far a scan is.
type bar struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	began    time.Time
	shown    time.Time
	dirty    bool // the terminal's line holds a bar
}

func newBar(w io.Writer, now func() time.Time) *bar {
	f, isFile := w.(*os.File)
	at := now()
	return &bar{w: w, terminal: isFile && isatty.IsTerminal(f.Fd()), now: now, began: at, shown: at}
}

func (b *bar) update(p install.Progress) {
	every := lineEvery
	if b.terminal {
		every = barEvery
	}
	at := b.now()
	if at.Sub(b.shown) < every || p.Total == 0 {
		return
	}
	b.shown = at
	left := ""
	if spent := at.Sub(b.began); p.Done > 0 {
		left = fmt.Sprintf(" -%v", round(spent*time.Duration(p.Total-p.Done)/time.Duration(p.Done)))
	}
	text := fmt.Sprintf("%d/%d  +%d%s  %s", p.Done, p.Total, p.Found, left, p.What)
	if !b.terminal {
		fmt.Fprintln(b.w, text)
		return
	}
	full := barWidth * p.Done / p.Total
	fmt.Fprintf(b.w, "\r\x1b[K[%s%s] %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), text)
	b.dirty = true
}

// end clears the bar's line.
func (b *bar) end() {
	if b.dirty {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.dirty = false
	}
}

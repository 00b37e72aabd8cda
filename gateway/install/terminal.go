package install

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrInputEnded says that a question could not be answered because nobody is
// at the terminal any more.
var ErrInputEnded = errors.New("the input ended before the question was answered")

// Terminal asks a person. Its reader's goroutine ends with the input or, at
// the latest, at the first line after ctx has ended: a terminal cannot be told
// to give up a read.
type Terminal struct {
	out   io.Writer
	lang  Language
	lines chan string
}

// NewTerminal asks on out and reads answers from in, line by line.
func NewTerminal(ctx context.Context, in io.Reader, out io.Writer, l Language) *Terminal {
	t := &Terminal{out: out, lang: l, lines: make(chan string)}
	go func() {
		defer close(t.lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case t.lines <- strings.TrimSpace(s.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return t
}

// Ask puts a question with an answer to be taken for Enter, which may be "".
func (t *Terminal) Ask(ctx context.Context, question Text, otherwise string) (string, error) {
	fmt.Fprint(t.out, t.lang.Of(question))
	if otherwise != "" {
		fmt.Fprintf(t.out, " [%s]", otherwise)
	}
	fmt.Fprint(t.out, t.lang.Of(Text{"：", ": "}))
	select {
	case line, ok := <-t.lines:
		if !ok {
			return "", ErrInputEnded
		}
		if line == "" {
			line = otherwise
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Say tells something.
func (t *Terminal) Say(text Text, args ...any) {
	fmt.Fprintf(t.out, t.lang.Of(text)+"\n", args...)
}

package influx

import (
	"context"
	"errors"
	"strings"

	"coldchain/gateway/store"
)

// lines is a batch in line protocol, with the way back from a line to the
// record it came from.
type lines struct {
	text  strings.Builder // its parts are sent without being copied
	line  []byte          // the newest
	ends  []int           // end of each line, its newline included
	index []int           // of the record in the caller's slice
}

func newLines(n int) *lines {
	const typical = 180 // bytes
	l := &lines{ends: make([]int, 0, n), index: make([]int, 0, n)}
	l.text.Grow(n * typical)
	return l
}

func (l *lines) add(i int, tags []byte, r store.Record) {
	l.line = append(appendRecord(l.line[:0], tags, r), '\n')
	l.text.Write(l.line)
	l.ends = append(l.ends, l.text.Len())
	l.index = append(l.index, i)
}

func (l *lines) len() int { return len(l.ends) }

func (l *lines) slice(from, to int) string {
	start := 0
	if from > 0 {
		start = l.ends[from-1]
	}
	return l.text.String()[start:l.ends[to-1]]
}

type outcome struct {
	accepted bool
	rejected map[int]string // record index -> the server's words
}

// send writes lines [from, to). When the server blames the rows, it halves
// them until the poison stands alone: only rows inside a request answered 204
// count as kept, because a partial write of 1.8 returns before its other
// shards are done.
func (s *Store) send(ctx context.Context, l *lines, from, to int, out *outcome) error {
	err := s.post(ctx, l.slice(from, to))
	var r *refused
	switch {
	case err == nil:
		out.accepted = true
		return nil
	case !errors.As(err, &r):
		return err
	}
	if to-from == 1 || r.allTooOld(to-from) {
		for _, i := range l.index[from:to] {
			out.rejected[i] = r.message
		}
		return nil
	}
	middle := from + (to-from)/2
	if err := s.send(ctx, l, from, middle, out); err != nil {
		return err
	}
	return s.send(ctx, l, middle, to, out)
}

// post is one request.
func (s *Store) post(ctx context.Context, body string) error {
	ask, cancel := s.ask(ctx)
	defer cancel()
	if err := s.writer.WriteRecord(ask, body); err != nil {
		return s.classify(ctx, "write", err)
	}
	return nil
}

package influx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// lines is a batch that is written in line protocol while it is being sent: the
// text of 20,000 records, 3.6 MB, is nowhere whole.
type lines struct {
	records []store.Record
	index   []int // of the records to send, in order
	points  map[sensors.PointID]*point
}

func (l *lines) len() int { return len(l.index) }

// append writes line i, its newline included.
func (l *lines) append(b []byte, i int) []byte {
	r := l.records[l.index[i]]
	return append(appendRecord(b, l.points[r.Point].tags, r), '\n')
}

// body is the text of a request, made line by line while the HTTP transport reads
// it. That may do so for a moment after it has returned; end makes sure that
// what the lines are made of is then looked at no more.
type body struct {
	append func(b []byte, i int) []byte // writes line i

	mu    sync.Mutex
	at    int // next line
	to    int
	line  []byte // the newest
	rest  []byte // of it, what is not read yet
	ended bool
}

func (b *body) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return 0, errEnded
	}
	for n < len(p) {
		if len(b.rest) == 0 {
			if b.at == b.to {
				break
			}
			b.line = b.append(b.line[:0], b.at)
			b.rest = b.line
			b.at++
		}
		copied := copy(p[n:], b.rest)
		b.rest = b.rest[copied:]
		n += copied
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close satisfies io.ReadCloser, lest the request hides what kind of body it is.
func (b *body) Close() error { return nil }

func (b *body) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
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
	err := s.post(ctx, l.append, from, to)
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

// post is one request of lines [from, to).
func (s *Store) post(ctx context.Context, line func(b []byte, i int) []byte, from, to int) error {
	ask, cancel := s.ask(ctx)
	defer cancel()
	var bodies []*body // a connection that the server had closed is tried again with a new one
	begin := func() *body {
		b := &body{append: line, at: from, to: to}
		bodies = append(bodies, b)
		return b
	}
	defer func() {
		for _, b := range bodies {
			b.end()
		}
	}()
	again := func(r *http.Request) { r.GetBody = func() (io.ReadCloser, error) { return begin(), nil } }
	done := func(r *http.Response) error { return r.Body.Close() }
	if err := s.client.HTTPService().DoPostRequest(ask, s.writeURL, begin(), again, done); err != nil {
		return s.classify(ctx, "write", err)
	}
	return nil
}

// postLine is a request of one line.
func (s *Store) postLine(ctx context.Context, line []byte) error {
	return s.post(ctx, func(b []byte, _ int) []byte { return append(b, line...) }, 0, 1)
}

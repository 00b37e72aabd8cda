package timestamp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client asks an authority over HTTP (RFC 3161, section 3.4). HTTP has its own
// time limit and is never redirected: what is asked stays with whom it is asked.
type Client struct {
	URL  string
	HTTP *http.Client
}

// Ask sends a request and returns the answer, unchecked.
func (c Client) Ask(ctx context.Context, q Request) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(q.DER))
	if err != nil {
		return nil, fmt.Errorf("time-stamp authority: %w", err)
	}
	r.Header.Set("Content-Type", RequestType)
	r.Header.Set("Accept", ResponseType)
	res, err := c.HTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("time-stamp authority: %w", err) // names method and URL
	}
	defer res.Body.Close() // only read
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxResponse+1))
	if err != nil {
		return nil, fmt.Errorf("time-stamp authority %s: its answer: %w", c.URL, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("time-stamp authority %s: %s", c.URL, res.Status)
	}
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, ResponseType) {
		return nil, fmt.Errorf("time-stamp authority %s: its answer is %.60q and not %s: is that its address?", c.URL, kind, ResponseType)
	}
	return body, nil
}

// Package far speaks with the HTTP services behind channels: one exchange, its
// answer, and what the answer means. It guarantees that an answer is bounded,
// that no redirect is followed with a secret, and that no secret is in an error.
package far

import (
	"coldchain/alerting/notify"

	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxAnswer bounds what is read of an answer. maxDrain bounds what is read
// beyond it so that the connection can be used again.
const (
	maxAnswer = 64 << 10
	maxDrain  = 64 << 10
)

// Answer is what an HTTP far end said.
type Answer struct {
	Status     int
	RetryAfter time.Duration // 0 when it did not say
	Body       []byte        // at most 64 KiB
}

// OK reports a status of 2xx.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Exchange sends req and reads the answer, whatever its status. It follows no
// redirect: the request holds a secret that was meant for this host. now is
// the time by which a Retry-After that gives a date is understood. An error is
// an *Error, and holds neither the URL nor one of the secrets.
func Exchange(ctx context.Context, client *http.Client, req *http.Request, now time.Time, secrets ...notify.Secret) (Answer, error) {
	straight := *client
	straight.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := straight.Do(req.WithContext(ctx))
	if err != nil {
		return Answer{}, failure(ctx, req, err, secrets)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, failure(ctx, req, fmt.Errorf("read the answer: %w", err), secrets)
	}
	// A far end that says more than that has its connection closed instead.
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
	return Answer{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), now), Body: body}, nil
}

// farError is an error whose text has been cleared of secrets; what it wraps
// is for errors.Is alone.
type farError struct {
	text string
	err  error
}

func (e farError) Error() string { return e.text }
func (e farError) Unwrap() error { return e.err }

// failure is about an exchange that brought no answer. A url.Error is opened:
// it repeats the URL, and the URL holds the key.
func failure(ctx context.Context, req *http.Request, err error, secrets []notify.Secret) *notify.Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var cause error // an error of the transport may hold the URL somewhere inside
	switch {
	case ctx.Err() != nil:
		cause = context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		cause = context.DeadlineExceeded
	}
	class, advice := notify.Temporary, ""
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		class, advice = notify.Configuration, "; check this machine's clock and who answers in its place"
	}
	text := fmt.Sprintf("ask %s: %s%s", notify.FarText(req.URL.Host, secrets...), notify.FarText(err.Error(), secrets...), advice)
	return &notify.Error{Class: class, Err: farError{text, cause}}
}

// retryAfter reads both forms of the header (RFC 9110, 10.2.3), at most a day.
func retryAfter(header string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, most)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), most)
	}
	return 0
}

// Refusal is the failure that an answer's HTTP status stands for, for answers
// that hold no code of the far end's own. who names the far end.
func (a Answer) Refusal(who string, secrets ...notify.Secret) *notify.Error {
	e := &notify.Error{Class: notify.Configuration, Code: strconv.Itoa(a.Status), RetryAfter: a.RetryAfter}
	advice := ""
	switch s := a.Status; {
	case s == http.StatusTooManyRequests:
		e.Class = notify.Muted
	case s == http.StatusRequestTimeout || s == http.StatusTooEarly || s >= 500:
		e.Class = notify.Temporary
	case s == http.StatusFound || s == http.StatusSeeOther || s == http.StatusTemporaryRedirect:
		e.Class, advice = notify.Temporary, "; it points elsewhere, which is not followed: is there a login page or a proxy on the way?"
	case s >= 300 && s < 400:
		advice = "; it has moved, which is not followed: write its right address"
	case s == http.StatusRequestEntityTooLarge:
		e.Class = notify.Refused
	case s < 200:
		e.Class = notify.Temporary
	}
	e.Err = fmt.Errorf("%s answered HTTP %d %s: %s%s", who, a.Status, http.StatusText(a.Status), quoted(a.Body, secrets), advice)
	return e
}

// Unreadable is the failure of an answer that ought to hold a code and does
// not: a login page, a proxy, half an answer. Whether the message arrived is
// not known.
func (a Answer) Unreadable(who string, secrets ...notify.Secret) *notify.Error {
	if !a.OK() {
		return a.Refusal(who, secrets...)
	}
	return &notify.Error{Class: notify.Temporary, RetryAfter: a.RetryAfter, Err: fmt.Errorf("%s answered what cannot be read: %s", who, quoted(a.Body, secrets))}
}

func quoted(body []byte, secrets []notify.Secret) string {
	if text := notify.FarText(string(body[:min(len(body), 1000)]), secrets...); text != "" {
		return strconv.Quote(text)
	}
	return "nothing"
}

package influx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"coldchain/gateway/store"
)

var (
	errClosed = errors.New("the store is closed")
	errSlow   = errors.New("no answer in time")
	errEnded  = errors.New("the request has ended")
)

// unavailable is a failure that waiting may cure; after is how long the server
// asked for, 0 when it did not.
type unavailable struct {
	after time.Duration
	err   error
}

func (e *unavailable) Error() string             { return store.ErrTemporary.Error() + ": " + e.err.Error() }
func (e *unavailable) Unwrap() []error           { return []error{store.ErrTemporary, e.err} }
func (e *unavailable) RetryAfter() time.Duration { return e.after }

// refused is an answer that blames what was sent.
type refused struct {
	status  int
	message string
}

func (e *refused) Error() string { return fmt.Sprintf("%d: %s", e.status, e.message) }

var droppedCount = regexp.MustCompile(`dropped=(\d+)\s*$`)

// allTooOld reports that every one of n rows was dropped for its age, as
// happens to whole backlogs. The server counts those one by one before it
// writes anything; its other counts are not taken as proof.
func (e *refused) allTooOld(n int) bool {
	m := droppedCount.FindStringSubmatch(e.message)
	return m != nil && m[1] == strconv.Itoa(n) && strings.Contains(e.message, pastRetention)
}

func (s *Store) fail(attempt string, err error) error {
	return fmt.Errorf("influxdb %s: %s: %w", s.o.URL, attempt, err)
}

// classify tells what waiting can cure (ErrTemporary), what is wrong with the
// rows (refused) and what needs a person, who is told what to check. ctx is
// the caller's, without this package's own time limit.
func (s *Store) classify(ctx context.Context, attempt string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return s.fail(attempt, ctx.Err())
	}
	var answer *influxhttp.Error
	if errors.As(err, &answer) && answer.StatusCode != 0 {
		return s.fail(attempt, s.classifyAnswer(answer))
	}
	var foreign notInflux
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return s.fail(attempt, s.distrust(certificate))
	}
	var broken *csv.ParseError
	if errors.As(err, &foreign) || errors.As(err, &broken) || strings.HasPrefix(err.Error(), notCSV) {
		return s.fail(attempt, fmt.Errorf("%w: check that the URL is InfluxDB's", err))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w after %s: %w", errSlow, s.o.Timeout, err)
	}
	return s.fail(attempt, &unavailable{err: err})
}

// distrust says what to check when the server's certificate is not believed.
func (s *Store) distrust(err *tls.CertificateVerificationError) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown) && s.o.CAFile == "":
		return fmt.Errorf("%w: name the authority that signed it in store.influx.ca_file", err)
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: check that store.influx.ca_file (%s) holds the authority that signed it", err, s.o.CAFile)
	case errors.As(err, &name):
		return fmt.Errorf("%w: check the name in the URL against those in the certificate", err)
	}
	return fmt.Errorf("%w: check the server's certificate and this machine's clock", err)
}

// notCSV begins the client's errors about answers it cannot read.
const notCSV = "parsing error"

// missing are sentences by which 1.8 says, with status 500 or 400, that the
// configuration names something that is not there, or that a limit set for the
// whole database was reached. None of them is a fault of the rows.
var missing = []string{"no database", "database not found", "retention policy", "database is required", "limit exceeded"}

// pastRetention is the one sentence about a retention policy that does blame a
// row: it is too old to be kept.
const pastRetention = "points beyond retention policy"

func (s *Store) classifyAnswer(e *influxhttp.Error) error {
	message := messageOf(e)
	for _, m := range missing {
		if strings.Contains(message, m) && !strings.Contains(message, pastRetention) {
			return s.configuration(e.StatusCode, message)
		}
	}
	switch c := e.StatusCode; {
	case c == http.StatusBadRequest, c == http.StatusRequestEntityTooLarge, c == http.StatusUnprocessableEntity:
		return &refused{c, message}
	case c == http.StatusTooManyRequests, c == http.StatusRequestTimeout, c >= 500:
		return &unavailable{retryAfter(e, s.o.Now()), fmt.Errorf("%d: %s", c, message)}
	}
	return s.configuration(e.StatusCode, message)
}

// configuration is an error that only a person can cure.
func (s *Store) configuration(status int, message string) error {
	check := "that the URL is InfluxDB's"
	switch status {
	case http.StatusUnauthorized:
		check = `the token (for 1.8 "user:password")`
	case http.StatusForbidden:
		check = fmt.Sprintf("that the token may read and write bucket %q, and for 1.8 flux-enabled = true in [http]", s.o.Bucket)
	case http.StatusNotFound, http.StatusInternalServerError, http.StatusBadRequest:
		check = fmt.Sprintf("organisation %q and bucket %q (for 1.8 create the database first and name the bucket database/retention-policy)", s.o.Org, s.o.Bucket)
	}
	return fmt.Errorf("%d: %s: check %s", status, message, check)
}

// messageOf is what the server said, short enough for a log line.
func messageOf(e *influxhttp.Error) string {
	m := strings.TrimSpace(e.Message)
	if m == "" {
		m = strings.TrimSpace(e.Error())
	}
	// A query's error arrives as a CSV table of one column.
	m = strings.TrimSpace(strings.TrimPrefix(m, "error\n"))
	if r := []rune(m); len(r) > 500 {
		m = string(r[:500]) + " ..."
	}
	return m
}

// retryAfter reads the header's two forms, seconds or a date (RFC 9110 section
// 10.2.3); the client knows only the first.
func retryAfter(e *influxhttp.Error, now time.Time) time.Duration {
	v := e.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

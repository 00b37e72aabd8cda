package county

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"coldchain/gateway/certify"
	"coldchain/gateway/config"
	"coldchain/gateway/evidence/timestamp"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// stamping has a time-stamp authority asked about certificates. Nil: there is none.
type stamping struct {
	stamper *certify.Stamper
	now     func() time.Time
	log     *slog.Logger
	woken   chan struct{}
}

// newStamping reads the authority's root; nil without one in the configuration.
func newStamping(cfg *config.County, queue certify.Stamps, now func() time.Time, log *slog.Logger) (*stamping, error) {
	at := cfg.TimestampAuthority
	if at.URL == "" {
		return nil, nil
	}
	text, err := os.ReadFile(at.CAFile)
	if err != nil {
		return nil, fmt.Errorf("timestamp_authority.ca_file: %w", err)
	}
	roots, err := timestamp.Roots(text)
	if err != nil {
		return nil, fmt.Errorf("timestamp_authority.ca_file %s: %w", at.CAFile, err)
	}
	client := timestamp.Client{URL: at.URL, HTTP: &http.Client{Timeout: platformPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	s := &stamping{now: now, log: log, woken: make(chan struct{}, 1)}
	s.stamper = &certify.Stamper{
		Stamps: queue, Ask: client.Ask, Roots: roots, Folder: filepath.Join(cfg.Data, certify.Folder), Now: now, Again: retryIn,
		Failed: func(number string, tries int, err error) {
			log.Warn("a certificate has no time stamp yet; asking again", "certificate", number, "try", tries, "error", err)
		},
	}
	return s, nil
}

// wake has the queue looked at now.
func (s *stamping) wake() {
	if s == nil {
		return
	}
	select {
	case s.woken <- struct{}{}:
	default: // it is awake already
	}
}

// run asks until ctx ends.
func (s *stamping) run(ctx context.Context) {
	if s == nil {
		return
	}
	tend(ctx, s.now, s.woken, s.stamper.Tend, func(err error) {
		s.log.Error("time stamps are not asked for; trying again", "error", err)
	})
}

// stampOf is a time stamp in the page's terms.
func stampOf(s *state.Stamp) web.CertificateStamping {
	switch {
	case s == nil:
		return web.CertificateStamping{State: web.StampNone}
	case s.At.IsZero():
		return web.CertificateStamping{State: web.StampAsked, Problem: s.Problem}
	}
	return web.CertificateStamping{State: web.StampThere, At: s.At}
}

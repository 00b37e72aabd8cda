package certify

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"coldchain/gateway/evidence/timestamp"
	"coldchain/gateway/files"
	"coldchain/gateway/state"
)

// Stamps is the queue of certificates that wait for a time stamp.
type Stamps interface {
	DueStamps(ctx context.Context, now time.Time, most int) ([]state.DueStamp, time.Time, error)
	Stamped(ctx context.Context, actor state.Actor, number string, at time.Time, authority string, answer [sha256.Size]byte) error
	StampFailed(ctx context.Context, actor state.Actor, number, problem string, next time.Time) error
}

// Stamper has a time-stamp authority say that certificates existed, after they
// were signed and never in their way.
type Stamper struct {
	Stamps Stamps
	Ask    func(ctx context.Context, q timestamp.Request) ([]byte, error)
	Roots  *x509.CertPool
	Folder string // of the certificates
	Now    func() time.Time
	// Again is how long to wait after a number of tries that failed before this one.
	Again func(tries int) time.Duration
	// Failed is told of each try that failed.
	Failed func(number string, tries int, err error)
}

// stampsAtOnce is how many are asked for in one go.
const stampsAtOnce = 20

// clockTolerance is by how much the authority's clock may be behind the county's.
const clockTolerance = 5 * time.Minute

// Tend asks for what is due. more says that there may be something due now, next
// when there will be.
func (s *Stamper) Tend(ctx context.Context) (next time.Time, more bool, err error) {
	due, next, err := s.Stamps.DueStamps(ctx, s.Now(), stampsAtOnce)
	if err != nil {
		return next, false, err
	}
	me := state.Actor{Kind: state.System, ID: "timestamp"}
	for _, d := range due {
		x, answer, failed := s.stamp(ctx, d)
		if ctx.Err() != nil {
			return next, false, nil // it was not its fault
		}
		if failed != nil {
			s.Failed(d.Number, d.Tries+1, failed)
			err = s.Stamps.StampFailed(ctx, me, d.Number, failed.Error(), s.Now().Add(s.Again(d.Tries)))
		} else {
			err = s.Stamps.Stamped(ctx, me, d.Number, x.At, x.Authority, sha256.Sum256(answer))
		}
		if err != nil {
			return next, false, err
		}
	}
	return next, len(due) > 0, nil
}

// stamp asks for one and keeps the answer beside the certificate, where it is
// durable before the row that names it.
func (s *Stamper) stamp(ctx context.Context, d state.DueStamp) (timestamp.Stamp, []byte, error) {
	q, err := timestamp.NewRequest(d.SHA256)
	if err != nil {
		return timestamp.Stamp{}, nil, err
	}
	answer, err := s.Ask(ctx, q)
	if err != nil {
		return timestamp.Stamp{}, nil, err
	}
	x, err := q.Check(answer, s.Roots)
	if err != nil {
		return timestamp.Stamp{}, nil, err
	}
	if x.At.Before(d.Made.Add(-clockTolerance)) {
		return timestamp.Stamp{}, nil, fmt.Errorf("the authority's clock says %s and the certificate was made at %s: the county's clock is fast", x.At.Format(time.RFC3339), d.Made.Format(time.RFC3339))
	}
	if err := files.Write(stampPath(s.Folder, d.Number), answer); err != nil {
		return timestamp.Stamp{}, nil, fmt.Errorf("keep the time stamp: %w", err)
	}
	return x, answer, nil
}

func stampPath(folder, number string) string { return filepath.Join(folder, number+".tsr") }

// OpenStamp returns the authority's answer as it was kept (.tsr), or ErrNotFound
// while there is none.
func (m *Maker) OpenStamp(ctx context.Context, number string) ([]byte, error) {
	c, err := m.o.State.Certificate(ctx, number)
	if err != nil {
		return nil, err
	}
	all, err := m.o.State.Stamps(ctx, c.Batch)
	if err != nil {
		return nil, err
	}
	if all[number].At.IsZero() {
		return nil, fmt.Errorf("certificate %s has no time stamp: %w", number, state.ErrNotFound)
	}
	answer, err := os.ReadFile(stampPath(m.o.Folder, number))
	if err != nil {
		return nil, fmt.Errorf("certificate %s: its time stamp: %w; put it back from a backup", number, err)
	}
	if sha256.Sum256(answer) != all[number].SHA256 {
		return nil, errors.New("certificate " + number + ": its time stamp is not the one that was kept; put it back from a backup")
	}
	return answer, nil
}

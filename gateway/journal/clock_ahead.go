package journal

import (
	"context"
	"database/sql"
	"time"

	"coldchain/gateway/wire"
)

// Stretch is a part of wall time, both ends included.
type Stretch struct{ From, To time.Time }

const (
	// aheadGrain is how finely stretches are told apart: one is at most this
	// much longer than what was stamped in it.
	aheadGrain = time.Hour
	// maxAhead bounds how many are kept, the nearest ones.
	maxAhead = 16
	// ahead of the newest record's time by less is no other line of the clock.
	aheadLimit = 2 * time.Second
)

// loadAhead looks for readings whose times lie ahead of the newest record's:
// the clock ran ahead and was set back since. A present that comes through
// there must not give their milliseconds again.
func (j *Journal) loadAhead(ctx context.Context) error {
	j.ahead = nil
	if j.timed.seq == 0 {
		return nil
	}
	none, ok := j.words[string(wire.ClockNone)]
	if !ok {
		none = -1
	}
	grain := aheadGrain.Milliseconds()
	return j.each(ctx, `SELECT min(wall_ms), max(wall_ms) FROM record WHERE kind = 0 AND clock <> ? AND wall_ms > ?
		GROUP BY wall_ms / ? ORDER BY 1 LIMIT 10000`, func(rows *sql.Rows) error {
		var from, to int64
		if err := rows.Scan(&from, &to); err != nil {
			return err
		}
		s := Stretch{fromMS(from), fromMS(to)}
		if n := len(j.ahead); n > 0 && s.From.Sub(j.ahead[n-1].To) < aheadGrain {
			j.ahead[n-1].To = s.To
		} else if n < maxAhead {
			j.ahead = append(j.ahead, s)
		}
		return nil
	}, none, j.timed.at.Add(aheadLimit).UnixMilli(), grain)
}

// StampedAhead returns where readings have times that lie ahead of the newest
// record's, in order; as of the start of the journal.
func (j *Journal) StampedAhead() []Stretch {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Stretch(nil), j.ahead...)
}

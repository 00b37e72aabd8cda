package journal

import (
	"context"
	"database/sql"
	"time"

	"coldchain/gateway/wire"
)

// bounds works out between which times the held boots before current began,
// oldest first.
func (j *Journal) bounds(ctx context.Context, first uint64, current string, until time.Time) ([]Bounded, error) {
	var boots []Bounded
	var lasted []time.Duration
	err := j.each(ctx, `SELECT w.text, min(seq), max(seq), max(mono_ms) FROM record JOIN word w ON w.id = boot
		WHERE seq >= ? AND clock = ? AND w.text <> ? GROUP BY boot ORDER BY min(seq)`, func(rows *sql.Rows) error {
		var b Bounded
		var mono int64
		err := rows.Scan(&b.Boot, &b.First, &b.Last, &mono)
		boots, lasted = append(boots, b), append(lasted, max(0, time.Duration(mono)*time.Millisecond))
		return err
	}, int64(first), j.words[string(wire.ClockNone)], current)
	if err != nil || len(boots) == 0 {
		return nil, err
	}
	before, err := j.newest(ctx, "seq < ?", int64(first))
	if err != nil {
		return nil, err
	}
	after, known := before.at, before.seq > 0
	latest := until
	for i := len(boots) - 1; i >= 0; i-- {
		latest = latest.Add(-lasted[i])
		boots[i].Latest, boots[i].Start = latest, latest
	}
	for i := range boots {
		own, has, err := j.ownStart(ctx, boots[i].Boot, boots[i].First)
		if err != nil {
			return nil, err
		}
		if has && !own.After(boots[i].Latest) { // it had a clock before, and that one is not contradicted
			boots[i].Earliest, boots[i].Start = own, own
			after, known = own.Add(lasted[i]), true
		} else if known && !after.After(boots[i].Latest) { // else the older clock was wrong, and bounds nothing
			boots[i].Earliest = after
			boots[i].Start = after.Add(boots[i].Latest.Sub(after) / 2)
			// The next one began after this one has ended, here too.
			after = boots[i].Start.Add(lasted[i])
			if i+1 < len(boots) && after.After(boots[i+1].Latest) {
				after = boots[i+1].Latest
			}
		}
		if boots[i].Start, err = j.apart(ctx, first, boots[i].Boot, millisecond(boots[i].Start)); err != nil {
			return nil, err
		}
	}
	return boots, nil
}

// ownStart is when a boot began by its own clock, as the record before its held
// ones tells. Of a gap the two times need not belong together.
func (j *Journal) ownStart(ctx context.Context, boot string, first uint64) (start time.Time, ok bool, err error) {
	seen := false
	err = j.each(ctx, `SELECT w.text, wall_ms, mono_ms, kind FROM record JOIN word w ON w.id = boot
		WHERE seq < ? ORDER BY seq DESC LIMIT ?`, func(rows *sql.Rows) error {
		var of string
		var wall, mono int64
		var kind wire.Kind
		err := rows.Scan(&of, &wall, &mono, &kind)
		if err == nil && !seen && kind != wire.GapRecord {
			seen, start, ok = true, fromMS(wall-mono), of == boot
		}
		return err
	}, int64(first), lastGaps)
	return start, ok, err
}

// instant is what no two readings may share.
type instant struct{ point, wall int64 }

// apart returns start, or a little later, so that no held reading of the boot
// would get the millisecond of a reading that has a time. The clock of another
// boot, or this one's before it was set back, may have run ahead of it.
func (j *Journal) apart(ctx context.Context, first uint64, boot string, start time.Time) (time.Time, error) {
	none, word := j.words[string(wire.ClockNone)], j.words[boot]
	const waiting = "seq >= ? AND boot = ? AND clock = ? AND kind = 0"
	var low, high sql.NullInt64
	err := j.conn.QueryRowContext(ctx, "SELECT min(mono_ms), max(mono_ms) FROM record WHERE "+waiting, int64(first), word, none).Scan(&low, &high)
	if err != nil || !low.Valid {
		return start, err
	}
	const most = 1000 // ms
	begin := start.UnixMilli()
	taken := map[instant]struct{}{}
	err = j.each(ctx, "SELECT point, wall_ms FROM record WHERE kind = 0 AND clock <> ? AND wall_ms BETWEEN ? AND ?", func(rows *sql.Rows) error {
		var i instant
		err := rows.Scan(&i.point, &i.wall)
		taken[i] = struct{}{}
		return err
	}, none, begin+low.Int64, begin+high.Int64+most)
	if err != nil || len(taken) == 0 {
		return start, err
	}
	var own []instant
	err = j.each(ctx, "SELECT point, mono_ms FROM record WHERE "+waiting, func(rows *sql.Rows) error {
		var i instant
		err := rows.Scan(&i.point, &i.wall)
		own = append(own, i)
		return err
	}, int64(first), word, none)
	if err != nil {
		return start, err
	}
	for shift := int64(0); shift <= most; shift++ {
		free := true
		for _, i := range own {
			if _, hit := taken[instant{i.point, i.wall + begin + shift}]; hit {
				free = false
				break
			}
		}
		if free {
			return start.Add(time.Duration(shift) * time.Millisecond), nil
		}
	}
	return start, nil // the county sets what still meets apart, and says so
}

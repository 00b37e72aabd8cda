package state

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/access"
)

// AlarmFilter chooses alarms; zero fields choose all.
type AlarmFilter struct {
	Open  bool          // present, or over and not yet answered
	Zone  string        // "site/zone"
	Batch string        // alarms that name this batch
	Since time.Time     // alarms that lasted until this time or longer
	Reach *access.Reach // of its sites, or naming batches of its parties; nil: all
	After *Mark         // those that come after it in the list; nil: from the first
	Limit int
}

// Alarms returns alarms with their batches: those that need somebody first,
// then by start, newest first.
func (db *DB) Alarms(ctx context.Context, f AlarmFilter) ([]Alarm, error) {
	now := db.now()
	var out []Alarm
	sites, parties, err := reachLists(f.Reach)
	if err != nil {
		return nil, fmt.Errorf("list alarms: %w", err)
	}
	open, ms, id := f.After.args()
	err = db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, alarmColumns+` FROM alarms a
			WHERE (NOT ?1 OR a.state <> 'normal') AND (?2 = '' OR a.zone = ?2)
			AND (?3 IS NULL OR a.returned_ms IS NULL OR a.returned_ms >= ?3)
			AND (?4 = '' OR EXISTS (SELECT 1 FROM custody c WHERE c.batch = ?4 AND `+exposedTo+`))
			AND (?7 IS NULL OR `+alarmSite+` IN (SELECT value FROM json_each(?7))
				OR ?8 <> '[]' AND EXISTS (SELECT 1 FROM batches b JOIN custody c ON c.batch = b.id WHERE b.owner IN (SELECT value FROM json_each(?8)) AND `+exposedTo+`))
			AND (?9 IS NULL OR (a.state <> 'normal') < ?9 OR (a.state <> 'normal') = ?9 AND (a.start_ms < ?10 OR a.start_ms = ?10 AND a.id > ?11))
			ORDER BY a.state <> 'normal' DESC, a.start_ms DESC, a.id LIMIT ?6`,
			f.Open, f.Zone, millis(f.Since), f.Batch, now.UnixMilli(), limit(f.Limit), sites, parties, open, ms, id)
		found, err := scanAlarms(rows, err)
		if err != nil {
			return err
		}
		out, err = withBatches(ctx, tx, found, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list alarms: %w", err)
	}
	return out, nil
}

// Alarm returns one alarm with its batches, or ErrNotFound.
func (db *DB) Alarm(ctx context.Context, id string) (Alarm, error) {
	var out []Alarm
	err := db.view(ctx, func(tx *sql.Tx) error {
		a, err := readAlarm(ctx, tx, id)
		if err != nil {
			return err
		}
		out, err = withBatches(ctx, tx, []Alarm{a}, db.now())
		return err
	})
	if err != nil {
		return Alarm{}, fmt.Errorf("read alarm %s: %w", id, err)
	}
	return out[0], nil
}

// alarmSite is where an alarm a is: the site of its zone, or of its object.
const alarmSite = `substr(iif(a.zone = '', a.object, a.zone) || '/', 1, instr(iif(a.zone = '', a.object, a.zone) || '/', '/') - 1)`

// reachLists are a reach's sites and parties as JSON lists; of a reach that has
// no bounds the first is NULL.
func reachLists(r *access.Reach) (sites any, parties string, err error) {
	if r == nil || r.All {
		return nil, "[]", nil
	}
	text, err := json.Marshal(append([]string{}, r.Sites...))
	if err != nil {
		return nil, "", err
	}
	owners, err := json.Marshal(append([]string{}, r.Parties...))
	return string(text), string(owners), err
}

// exposedTo is batch.Custody.Overlaps between a custody c and the excursion of
// an alarm a, [start, returned or now]; ?5 is now. An alarm without a zone is a
// site's and touches all of the site's zones ('0' follows '/'); one of spoilage
// is of one batch alone.
const exposedTo = `(c.zone = a.zone AND ` + ofBatch + ` OR a.zone = '' AND c.zone > a.object || '/' AND c.zone < a.object || '0')
	AND c.from_ms <= coalesce(a.returned_ms, ?5) AND (c.to_ms IS NULL OR c.to_ms > a.start_ms)`

// ofBatch leaves of what lies in the zone of a spoilage alarm the batch that it
// is about.
const ofBatch = `(a.rule <> 'spoilage' OR c.batch = substr(a.object, length(a.zone) + 2))`

// sortBatches puts the stays in order, which SQLite does by way of a table of
// its own, and names each batch once.
func (a *Alarm) sortBatches() {
	slices.SortFunc(a.Exposed, func(x, y Exposed) int {
		return cmp.Or(strings.Compare(x.Batch.ID, y.Batch.ID), x.Custody.From.Compare(y.Custody.From))
	})
	for _, e := range a.Exposed {
		if n := len(a.Batches); n == 0 || a.Batches[n-1] != e.Batch.ID {
			a.Batches = append(a.Batches, e.Batch.ID)
		}
	}
}

const alarmColumns = `SELECT a.id, a.rule, a.object, a.zone, a.level, a.class, a.state, a.reason, a.start_ms, a.raised_ms,
	a.returned_ms, a.last_seen_ms, a.delay_ms, a.limit_value, a.peak, a.last_value,
	a.acked_kind, a.acked_id, a.acked_ms, a.acked_level, a.note`

func scanAlarms(rows *sql.Rows, err error) ([]Alarm, error) {
	out := []Alarm{}
	err = each(rows, err, func() error {
		var a Alarm
		var start, raised, lastSeen, delay int64
		var returned, acked sql.NullInt64
		var limit, peak, lastValue sql.NullFloat64
		var kind, id, level sql.NullString
		if err := rows.Scan(&a.ID, &a.Rule, &a.Object, &a.Zone, &a.Level, &a.Class, &a.State, &a.Reason, &start, &raised,
			&returned, &lastSeen, &delay, &limit, &peak, &lastValue, &kind, &id, &acked, &level, &a.Note); err != nil {
			return err
		}
		a.Start, a.Raised, a.LastSeen = time.UnixMilli(start).UTC(), time.UnixMilli(raised).UTC(), time.UnixMilli(lastSeen).UTC()
		a.Returned, a.Delay = fromMillis(returned), time.Duration(delay)*time.Millisecond
		a.HasValue, a.Limit, a.Peak, a.LastValue = limit.Valid, limit.Float64, peak.Float64, lastValue.Float64
		a.AckedBy, a.AckedAt, a.AckedLevel = Actor{Kind: ActorKind(kind.String), ID: id.String}, fromMillis(acked), alerting.Level(level.String)
		out = append(out, a)
		return nil
	})
	return out, err
}

func readAlarm(ctx context.Context, tx *sql.Tx, id string) (Alarm, error) {
	rows, err := tx.QueryContext(ctx, alarmColumns+" FROM alarms a WHERE a.id = ?", id)
	found, err := scanAlarms(rows, err)
	if err != nil {
		return Alarm{}, err
	}
	if len(found) == 0 {
		return Alarm{}, refuse(ErrNotFound, "there is no alarm %.40q", id)
	}
	return found[0], nil
}

func (tx *txn) alarm(id string) (Alarm, error) { return readAlarm(tx.ctx, tx.Tx, id) }

// putAlarm writes the whole row.
func (tx *txn) putAlarm(a Alarm) error {
	value := func(v float64) any {
		if !a.HasValue {
			return nil
		}
		return v
	}
	var kind, id, level any
	if !a.AckedAt.IsZero() {
		kind, id, level = string(a.AckedBy.Kind), a.AckedBy.ID, string(a.AckedLevel)
	}
	_, err := tx.ExecContext(tx.ctx, `INSERT OR REPLACE INTO alarms
		(id, rule, object, zone, level, class, state, reason, start_ms, raised_ms, returned_ms, last_seen_ms, delay_ms,
		limit_value, peak, last_value, acked_kind, acked_id, acked_ms, acked_level, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, string(a.Rule), a.Object, a.Zone, string(a.Level), string(a.Class), string(a.State), string(a.Reason),
		a.Start.UnixMilli(), a.Raised.UnixMilli(), millis(a.Returned), a.LastSeen.UnixMilli(), a.Delay.Milliseconds(),
		value(a.Limit), value(a.Peak), value(a.LastValue), kind, id, millis(a.AckedAt), level, a.Note)
	return err
}

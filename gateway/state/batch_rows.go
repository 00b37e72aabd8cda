package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/access"
)

// BatchFilter chooses batches; zero fields choose all.
type BatchFilter struct {
	Search string // part of its name, product or owner, whatever the case of ASCII; or one of its codes
	Zone   string // lies there now
	Site   string // lies there now
	Held   bool   // lies somewhere now
	// Decision is the verdict in force; batch.Undecided is of those without one.
	Decision batch.Decision
	Alarmed  bool // lay, while it did, where an alarm was that is open
	Exceeded bool // the same of an excursion, open or not
	// Reach: lies or lay in one of its sites, or belongs to one of its parties;
	// nil: all.
	Reach *access.Reach
	// Short is a code of six digits; one that is none chooses nothing. It stands
	// for batches that are not closed.
	Short string
	After *Mark // those that come after it in the list; nil: from the first
	Limit int
}

const (
	batchColumns = "b.id, b.product, b.profile, b.quantity, b.owner, b.created_ms"
	// What scanBatches reads.
	wholeColumns = batchColumns + ", b.closed_ms, (SELECT number FROM batch_numbers n WHERE n.batch = b.id)"
)

// Batches returns batches with their custody, newest first.
func (db *DB) Batches(ctx context.Context, f BatchFilter) ([]Batch, error) {
	var out []Batch
	err := db.view(ctx, func(tx *sql.Tx) (err error) {
		out, err = findBatches(ctx, tx, f, db.now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	return out, nil
}

func findBatches(ctx context.Context, tx *sql.Tx, f BatchFilter, now time.Time) ([]Batch, error) {
	sites, parties, err := reachLists(f.Reach)
	if err != nil {
		return nil, err
	}
	standing, args := f.standing(now)
	_, ms, id := f.After.args()
	args = append(args, sites, parties, ms, id)
	like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(f.Search) + "%"
	return readBatches(ctx, tx, `SELECT `+wholeColumns+` FROM batches b
			WHERE (b.id LIKE ?1 ESCAPE '\' OR b.product LIKE ?1 ESCAPE '\' OR b.owner LIKE ?1 ESCAPE '\' OR b.id IN (SELECT batch FROM batch_codes WHERE value = ?6))
			AND (?2 = '' AND NOT ?3 OR EXISTS (SELECT 1 FROM custody c WHERE c.batch = b.id AND c.to_ms IS NULL AND c.zone <> '' AND (?2 = '' OR c.zone = ?2)))
			AND (?11 IS NULL OR b.closed_ms IS NULL AND b.id IN (SELECT batch FROM batch_numbers WHERE number % ?12 = ?11))
			AND `+standing+`
			AND (?13 IS NULL OR b.owner IN (SELECT value FROM json_each(?14))
				OR EXISTS (SELECT 1 FROM custody c WHERE c.batch = b.id AND substr(c.zone, 1, instr(c.zone, '/') - 1) IN (SELECT value FROM json_each(?13))))
			AND (?15 IS NULL OR b.created_ms < ?15 OR b.created_ms = ?15 AND b.id > ?16)
			ORDER BY b.created_ms DESC, b.id LIMIT ?4`, append([]any{like, f.Zone, f.Held, limit(f.Limit)}, args...)...)
}

// Batch returns one batch with its custody, or ErrNotFound.
func (db *DB) Batch(ctx context.Context, id string) (Batch, error) {
	var out Batch
	err := db.view(ctx, func(tx *sql.Tx) (err error) {
		out, err = readBatch(ctx, tx, id)
		return err
	})
	if err != nil {
		return Batch{}, fmt.Errorf("read batch %.64s: %w", id, err)
	}
	return out, nil
}

// BatchesIn returns the batches that lay in a zone at some instant of the
// closed interval from..to, by code: batch.Custody.Overlaps as a query. A zero
// `to` means until now.
func (db *DB) BatchesIn(ctx context.Context, zone string, from, to time.Time) ([]batch.Batch, error) {
	if to.IsZero() {
		to = db.now()
	}
	rows, err := db.reader.QueryContext(ctx, inZone, zone, from.UnixMilli(), to.UnixMilli())
	found, err := scanBatches(rows, err)
	if err != nil {
		return nil, fmt.Errorf("find the batches in %s: %w", zone, err)
	}
	out := make([]batch.Batch, len(found))
	for i, b := range found {
		out[i] = b.Batch
	}
	return out, nil
}

const inZone = `SELECT DISTINCT ` + wholeColumns + ` FROM custody c JOIN batches b ON b.id = c.batch
	WHERE c.zone = ? AND coalesce(c.to_ms, 9223372036854775807) > ? AND c.from_ms <= ? ORDER BY b.id`

func (tx *txn) batch(id string) (Batch, error) { return readBatch(tx.ctx, tx.Tx, id) }

func readBatch(ctx context.Context, tx *sql.Tx, id string) (Batch, error) {
	found, err := readBatches(ctx, tx, "SELECT "+wholeColumns+" FROM batches b WHERE b.id = ?", id)
	if err != nil {
		return Batch{}, err
	}
	if len(found) == 0 {
		return Batch{}, refuse(ErrNotFound, "there is no batch %.64q", id)
	}
	return found[0], nil
}

// readBatches runs a query for batches and adds their custody.
func readBatches(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]Batch, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	out, err := scanBatches(rows, err)
	if err != nil {
		return nil, err
	}
	index := make(map[string]*Batch, len(out))
	ids := make([]string, len(out))
	for i := range out {
		ids[i], index[out[i].ID] = out[i].ID, &out[i]
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err = tx.QueryContext(ctx, "SELECT batch, zone, from_ms, to_ms, override, mark, place, courier FROM custody WHERE batch IN (SELECT value FROM json_each(?)) ORDER BY batch, from_ms", string(list))
	return out, each(rows, err, func() error {
		var c batch.Custody
		var from int64
		var to sql.NullInt64
		var courier string
		if err := rows.Scan(&c.Batch, &c.Zone, &from, &to, &c.Override, &c.Mark, &c.Place, &courier); err != nil {
			return err
		}
		if courier != "" {
			if err := json.Unmarshal([]byte(courier), &c.Courier); err != nil {
				return fmt.Errorf("read how a courier took %s: %w", c.Batch, err)
			}
		}
		c.From, c.To = time.UnixMilli(from).UTC(), fromMillis(to)
		index[c.Batch].Custody = append(index[c.Batch].Custody, c)
		return nil
	})
}

func scanBatches(rows *sql.Rows, err error) ([]Batch, error) {
	out := []Batch{}
	err = each(rows, err, func() error {
		var b Batch
		var created int64
		var closed, number sql.NullInt64
		if err := rows.Scan(&b.ID, &b.Product, &b.Profile, &b.Quantity, &b.Owner, &created, &closed, &number); err != nil {
			return err
		}
		b.Short = batch.Short(number.Int64)
		b.Created, b.Closed, b.Custody = time.UnixMilli(created).UTC(), fromMillis(closed), []batch.Custody{}
		out = append(out, b)
		return nil
	})
	return out, err
}

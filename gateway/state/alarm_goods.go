package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting/batch"
)

// packedStays is everything that an alarm tells of batches and their stays, as
// one text: how many there are, a semicolon, and each as texts with their length
// in bytes before them and whole numbers with a semicolon behind them. Asking the
// driver for eleven columns of ten thousand rows takes longer than finding them.
const packedStays = `count(*) || ';' || group_concat(concat(` +
	`octet_length(b.id), ':', b.id, octet_length(b.product), ':', b.product, octet_length(b.profile), ':', b.profile, ` +
	`octet_length(b.quantity), ':', b.quantity, octet_length(b.owner), ':', b.owner, b.created_ms, ';', ` +
	`octet_length(c.zone), ':', c.zone, c.from_ms, ';', c.to_ms, ';'), '')` // a to_ms that is NULL is an empty text

// whileAlarm is batch.Custody.Overlaps with the expression of the index
// custody_zone. The plus takes start_ms its column type away, without which the
// index on an expression would not serve.
const whileAlarm = "coalesce(c.to_ms, 9223372036854775807) > +a.start_ms AND c.from_ms <= coalesce(a.returned_ms, ?2)"

// exposures is exposedTo for a list of alarms, in two halves, so that neither
// reads the table; and of spoilage by the batch's own stays, so that a thousand
// alarms of a room do not read all that lies there a thousand times.
const exposures = `
SELECT a.id, (SELECT ` + packedStays + ` FROM custody c JOIN batches b ON b.id = c.batch WHERE c.zone = a.zone AND ` + whileAlarm + `)
	FROM alarms a WHERE a.id IN (SELECT value FROM json_each(?1)) AND a.zone <> '' AND a.rule <> 'spoilage'
UNION ALL
SELECT a.id, (SELECT ` + packedStays + ` FROM custody c JOIN batches b ON b.id = c.batch WHERE c.batch = substr(a.object, length(a.zone) + 2) AND +c.zone = a.zone AND ` + whileAlarm + `)
	FROM alarms a WHERE a.id IN (SELECT value FROM json_each(?1)) AND a.rule = 'spoilage'
UNION ALL
SELECT a.id, (SELECT ` + packedStays + ` FROM custody c JOIN batches b ON b.id = c.batch WHERE c.zone > a.object || '/' AND c.zone < a.object || '0' AND ` + whileAlarm + `)
	FROM alarms a WHERE a.id IN (SELECT value FROM json_each(?1)) AND a.zone = ''`

// withBatches fills in the goods each alarm is about. It is worked out at every
// reading and kept nowhere, so that a custody that becomes known late shows.
func withBatches(ctx context.Context, tx *sql.Tx, alarms []Alarm, now time.Time) ([]Alarm, error) {
	index := make(map[string]*Alarm, len(alarms))
	ids := make([]string, len(alarms))
	for i := range alarms {
		ids[i], index[alarms[i].ID] = alarms[i].ID, &alarms[i]
		alarms[i].Batches, alarms[i].Exposed = []string{}, []Exposed{}
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, exposures, string(list), now.UnixMilli())
	err = each(rows, err, func() error {
		var id string
		var packed sql.NullString // of no stays NULL: there is nothing to join
		if err := rows.Scan(&id, &packed); err != nil || !packed.Valid {
			return err
		}
		found, err := unpackStays(packed.String)
		a := index[id]
		a.Exposed = append(a.Exposed, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the batches of %d alarms: %w", len(alarms), err)
	}
	for i := range alarms {
		alarms[i].sortBatches()
	}
	return alarms, nil
}

// unpackStays reads what packedStays wrote.
func unpackStays(text string) ([]Exposed, error) {
	r := packed{rest: text}
	n := r.number()
	if r.failed || n < 0 || n > int64(len(text)) {
		return nil, errPacked
	}
	out := make([]Exposed, n)
	for i := range out {
		e := &out[i]
		e.Batch = batch.Batch{ID: r.text(), Product: r.text(), Profile: r.text(), Quantity: r.text(), Owner: r.text(), Created: r.moment(false)}
		e.Custody.Zone, e.Custody.From, e.Custody.To = r.text(), r.moment(false), r.moment(true)
		e.Custody.Batch = e.Batch.ID
	}
	if r.failed || r.rest != "" {
		return nil, errPacked
	}
	return out, nil
}

var errPacked = errors.New("the stays of an alarm cannot be understood: is county.db of another program?")

// packed is what is left to read; failed says that it was not what it should be.
type packed struct {
	rest   string
	failed bool
}

func (p *packed) number() int64 {
	text, rest, found := strings.Cut(p.rest, ";")
	p.rest = rest
	n, err := strconv.ParseInt(text, 10, 64)
	p.failed = p.failed || !found || err != nil
	return n
}

// moment reads a time in milliseconds; one that may be missing is then zero.
func (p *packed) moment(missing bool) time.Time {
	if missing && strings.HasPrefix(p.rest, ";") {
		p.rest = p.rest[1:]
		return time.Time{}
	}
	return time.UnixMilli(p.number()).UTC()
}

func (p *packed) text() string {
	length, rest, found := strings.Cut(p.rest, ":")
	n, err := strconv.Atoi(length)
	if !found || err != nil || n < 0 || n > len(rest) {
		p.failed = true
		return ""
	}
	p.rest = rest[n:]
	return rest[:n]
}

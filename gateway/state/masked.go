package state

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// MaskedFor returns for how long a defrost or an open door held an alarm's warning
// back, as the audit has it; 0 when nothing did.
func (db *DB) MaskedFor(ctx context.Context, alarm string) (time.Duration, error) {
	all, err := db.MaskedOf(ctx, alarm)
	return all[alarm], err
}

// MaskedOf returns it of several alarms, by their ids; of those that nothing held
// back there is none.
func (db *DB) MaskedOf(ctx context.Context, alarms ...string) (map[string]time.Duration, error) {
	list, err := idList(alarms)
	if err != nil {
		return nil, err
	}
	out := map[string]time.Duration{}
	rows, err := db.reader.QueryContext(ctx, `SELECT object, detail FROM audit
		WHERE object IN (SELECT value FROM json_each(?)) AND action LIKE 'alarm.%' AND detail LIKE '%"masked"%'`, list)
	err = each(rows, err, func() error {
		var alarm, text string
		if err := rows.Scan(&alarm, &text); err != nil {
			return err
		}
		var d struct {
			Masked string `json:"masked"`
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return err
		}
		if m, err := time.ParseDuration(d.Masked); err == nil && m > 0 { // a note of a person may hold the word, too
			out[alarm] = max(out[alarm], m)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read for how long alarms were held back: %w", err)
	}
	return out, nil
}

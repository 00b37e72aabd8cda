package state

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// MaskedFor returns for how long a defrost or an open door held an alarm's warning
// back, as the audit has it; 0 when nothing did.
func (db *DB) MaskedFor(ctx context.Context, alarm string) (longest time.Duration, err error) {
	rows, err := db.reader.QueryContext(ctx, "SELECT detail FROM audit WHERE object = ? AND action LIKE 'alarm.%' AND detail LIKE '%\"masked\"%'", alarm)
	err = each(rows, err, func() error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var d struct {
			Masked string `json:"masked"`
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return err
		}
		if m, err := time.ParseDuration(d.Masked); err == nil { // a note of a person may hold the word, too
			longest = max(longest, m)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read for how long alarm %s was held back: %w", alarm, err)
	}
	return longest, nil
}

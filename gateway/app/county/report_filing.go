package county

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
)

// filing is how the monthly report stands that was drafted last; nil in a county
// that has begun since.
func (f *office) filing(ctx context.Context, now, began time.Time) (*duty.Filing, error) {
	from, ready, due, err := report.Drafted(now, f.location)
	if err != nil {
		return nil, err
	}
	if began.After(ready) {
		return nil, nil
	}
	marks, err := f.state.ReportMarks(ctx, string(report.Monthly), from)
	if err != nil {
		return nil, fmt.Errorf("how the monthly report stands: %w", err)
	}
	out := &duty.Filing{Period: from.Format(time.DateOnly), Ready: ready, Due: due}
	for _, m := range marks {
		out.Reviewed = out.Reviewed || m.Step == state.ReportReviewed
		out.Sent = out.Sent || m.Step == state.ReportSent
	}
	return out, nil
}

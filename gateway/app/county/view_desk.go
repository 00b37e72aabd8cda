package county

import (
	"context"
	"strings"

	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// auditing shows who answers for the county what was changed, and until when its
// probes are calibrated.
type auditing struct{ state *state.DB }

var (
	_ web.Audit        = auditing{}
	_ web.Calibrations = auditing{}
)

// SearchAudit implements web.Audit.
func (a auditing) SearchAudit(ctx context.Context, q web.AuditQuery) ([]web.AuditEntry, int64, error) {
	found, next, err := a.state.SearchAudit(ctx, state.AuditQuery(q))
	if err != nil {
		return nil, 0, err
	}
	out := make([]web.AuditEntry, 0, len(found))
	for _, r := range found {
		out = append(out, web.AuditEntry{Seq: r.Seq, At: r.At, Kind: string(r.Actor.Kind), Who: r.Actor.ID, Action: r.Action, Object: r.Object, Detail: r.Detail, Hash: r.Hash})
	}
	return out, next, nil
}

// Calibrations implements web.Calibrations: temperatures and humidities of the
// newest inventories. A switch is not calibrated.
func (a auditing) Calibrations(ctx context.Context) ([]web.Calibration, error) {
	known, err := a.state.Gateways(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.Calibration
	for _, g := range known {
		for _, d := range g.Inventory.Devices {
			for _, p := range d.Points {
				if strings.HasPrefix(p.Quantity, "temperature") || p.Quantity == "humidity" {
					out = append(out, web.Calibration{Point: p.ID, Gateway: g.Gateway, Device: d.Name, Until: p.CalibratedUntil})
				}
			}
		}
	}
	return out, nil
}

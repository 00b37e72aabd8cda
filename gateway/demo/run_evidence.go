package demo

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/web"
)

// The people of the demonstration's evidence. They do not exist, and say so.
var (
	officer = web.Actor{Name: "演示质检员", Via: "demo"}
	manager = web.Actor{Name: "演示主任", Via: "demo"}
)

// proven is the lot that the idle truck brought to the centre: the one that the
// demonstration decides on, so that a newcomer sees evidence.
func (c *County) proven() (id string, unloaded time.Time, err error) {
	for _, x := range c.Custody {
		if x.Zone == idleTruck+"/box" {
			return x.Batch, x.To, nil
		}
	}
	return "", time.Time{}, fmt.Errorf("demo: nothing was ever in %s", idleTruck)
}

// evidence writes down of one lot what a verdict rests on, and gives it. The past
// has to be delivered before: a verdict looks at it, and asks for a second person
// where something stands against the goods. Every other lot stays undecided.
func (s *show) evidence(ctx context.Context) error {
	id, unloaded, err := s.county.proven()
	if err != nil {
		return err
	}
	books := s.app.Custody()
	day := unloaded.Add(-24 * time.Hour).Truncate(24 * time.Hour)
	core := -18.6
	for i, what := range []any{
		batch.Details{Owner: batch.Party{Name: owners[0]}, Keeper: batch.Party{Name: "演示配送中心（虚构）"}, Carrier: batch.Party{Name: "演示车队（虚构）"}, Born: day},
		batch.Document{Kind: batch.DocQuarantine, Number: "演示-15-0001", Date: day},
		batch.Document{Kind: batch.DocMeat, Number: "演示-RP-0001", Date: day},
		batch.Document{Kind: batch.DocPromise, Number: "演示-CN-0001", Date: day},
		web.Handing{Handover: batch.Handover{At: unloaded, Batch: id, From: "演示司机", To: "演示库管", ProductC: &core, Method: "between-packs", Outcome: batch.Accepted}},
		batch.Inspection{At: unloaded.Add(30 * time.Minute), Item: "感官", Method: "目视、嗅", Value: "色泽正常，无异味", Limit: "正常", Pass: true},
		batch.Inspection{At: unloaded.Add(40 * time.Minute), Item: "中心温度", Method: "探针", Value: "−18.4 °C", Limit: "≤ −15 °C", Pass: true},
		batch.Verdict{Batch: id, Decision: batch.Released, Reason: "演示：单证齐全，检验合格"},
	} {
		if err := books.Enter(ctx, officer, fmt.Sprintf("evidence-%d", i), id, what); err != nil {
			return fmt.Errorf("demo: evidence of %s: %T: %w", id, what, err)
		}
	}
	d, err := books.Dossier(ctx, id)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	last := d.Verdicts[len(d.Verdicts)-1]
	if !last.Holds() {
		if err := books.Enter(ctx, manager, "evidence-sign", id, web.Signature{Version: last.Version}); err != nil {
			return fmt.Errorf("demo: second signature for %s: %w", id, err)
		}
	}
	s.say("有凭证的批次 A batch with evidence: %s/batches/%s", s.app.URL(), id)
	return nil
}

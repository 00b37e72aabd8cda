package state

import (
	"errors"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// TestWhatDoesNotAgreeNeedsAReason: nothing is forbidden; whoever receives
// goods where they ought not to lie says why, and the audit keeps it.
func TestWhatDoesNotAgreeNeedsAReason(t *testing.T) {
	var asked []string
	c := open(t, WithReceiving(func(zone string, _ time.Time, b batch.Batch, there []batch.Batch) *Disagreement {
		asked = append(asked, zone+" "+b.ID)
		for _, other := range there {
			if other.Profile == "cucumber" && b.Profile == "carrot" {
				return &Disagreement{ZH: "胡萝卜和黄瓜不能放在一起", EN: "carrots and cucumbers must not lie together", Mark: batch.MarkMixed}
			}
		}
		return nil
	}))
	ctx := t.Context()
	_, err := c.CreateBatch(ctx, keeper, "k1", batch.Batch{ID: "CUC", Profile: "cucumber"}, &batch.Custody{Zone: room})
	must(t, err)
	carrots := batch.Batch{ID: "CAR", Profile: "carrot"}
	_, err = c.CreateBatch(ctx, keeper, "k2", carrots, &batch.Custody{Zone: room})
	var d *Disagreement
	if !errors.Is(err, ErrDisagrees) || !errors.As(err, &d) || d.ZH == "" {
		t.Fatalf("%v, want a disagreement", err)
	}
	if _, err := c.Batch(ctx, "CAR"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the refused batch is there: %v", err)
	}
	// The refusal has not used the key up.
	const why = "只放一夜，明早拉走"
	_, err = c.CreateBatch(ctx, keeper, "k2", carrots, &batch.Custody{Zone: room, Override: why})
	must(t, err)
	_, err = c.CreateBatch(ctx, keeper, "k2", carrots, &batch.Custody{Zone: room, Override: why})
	must(t, err) // the same request again: the first answer
	_, err = c.MoveBatch(ctx, keeper, "k3", MoveRequest{Batch: "CAR", ToZone: "hq/room-1", At: noon.Add(time.Minute)})
	must(t, err)
	if _, err = c.MoveBatch(ctx, keeper, "k4", MoveRequest{Batch: "CAR", ToZone: room, At: noon.Add(2 * time.Minute)}); !errors.Is(err, ErrDisagrees) {
		t.Errorf("%v, want a disagreement of the move as well", err)
	}
	_, err = c.MoveBatch(ctx, keeper, "k4", MoveRequest{Batch: "CAR", ToZone: room, At: noon.Add(2 * time.Minute), Override: why})
	must(t, err)
	rows, err := c.Audit(ctx, AuditFilter{Object: "CAR"})
	must(t, err)
	reasons := 0
	for _, row := range rows {
		if strings.Contains(row.Detail, why) {
			reasons++
		}
	}
	if reasons != 2 {
		t.Errorf("%d reasons in the audit, want 2: %+v", reasons, rows)
	}
	if len(asked) == 0 || asked[0] != room+" CUC" {
		t.Errorf("asked about %v", asked)
	}
	must(t, c.VerifyAudit(ctx))
}

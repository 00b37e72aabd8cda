package county

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"coldchain/alerting/batch"
	"coldchain/alerting/wording"
	"coldchain/gateway/intake"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

var _ web.Intake = view{}

// tellEvery is after how many rows an import says how far it is.
const tellEvery = 20

// Import implements web.Intake. Each row is booked for itself, under a key made
// of the import's and its line.
func (v view) Import(ctx context.Context, by web.Actor, key string, rows []intake.Row, tell func(done int)) (report web.ImportReport, err error) {
	who, err := v.who(ctx, by)
	if err != nil {
		return report, err
	}
	zones, last := v.zoneNames(), ""
	defer func() {
		if report.Created > 0 { // limits and pages follow once, not after each of ten thousand
			v.goods.follow(ctx)
			v.hub.Publish(web.BatchEvent, last)
		}
	}()
	for i, r := range rows {
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
		made, err := v.importRow(ctx, who, key, r, zones)
		var failed *rowRefused
		switch {
		case errors.As(err, &failed):
			report.Refused = append(report.Refused, intake.Refusal{Line: r.Line, Batch: r.Batch.ID, ZH: failed.zh, EN: failed.en})
		case err != nil:
			return report, fmt.Errorf("line %d: %w", r.Line, err)
		case made:
			report.Created++
			last = r.Batch.ID
		default:
			report.Already++
		}
		if (i+1)%tellEvery == 0 || i+1 == len(rows) {
			tell(i + 1)
		}
	}
	return report, nil
}

// rowRefused is why a row was not booked; the others are.
type rowRefused struct{ zh, en string }

func (r *rowRefused) Error() string { return r.en }

// importRow books one row; made is false when it was there and the same.
func (v view) importRow(ctx context.Context, who state.Actor, key string, r intake.Row, zones map[string]string) (made bool, err error) {
	line := func(what string) state.IdempotencyKey {
		return state.IdempotencyKey(fmt.Sprintf("%s/%d/%s", key, r.Line, what))
	}
	var stay *batch.Custody
	if r.Zone != "" {
		zone, known := zones[zoneKey(r.Zone)]
		if !known {
			return false, &rowRefused{"没有叫“" + r.Zone + "”的库区，或者有几个同名；请写 站点/库区", fmt.Sprintf("no zone is called %q, or several are; write site/zone", r.Zone)}
		}
		stay = &batch.Custody{Batch: r.Batch.ID, Zone: zone, From: r.At}
	}
	r.Batch.Created = r.At
	booked, err := v.state.CreateBatch(ctx, who, line("batch"), r.Batch, stay)
	if errors.Is(err, state.ErrDuplicateBatch) || errors.Is(err, state.ErrKeyReused) {
		return false, v.sameBatch(ctx, r)
	}
	if err != nil {
		return false, rowError(err)
	}
	if err := v.state.Describe(ctx, who, line("details"), r.Batch.ID, r.Details); err != nil {
		return false, rowError(err)
	}
	for _, d := range r.Documents {
		if err := v.state.AddDocument(ctx, who, line("document"), r.Batch.ID, d); err != nil {
			return false, rowError(err)
		}
	}
	if r.ProductC == nil {
		return true, nil
	}
	m := batch.Manual{Batch: r.Batch.ID, ValueC: *r.ProductC, Method: r.Method, At: r.At}
	if stay != nil {
		m.Zone = stay.Zone
	}
	if err := v.state.AddManual(ctx, who, line("temperature"), m); err != nil {
		return false, rowError(err)
	}
	if stay != nil {
		v.collector.Received(stay.Zone, booked.Created, m.ValueC)
	}
	return true, nil
}

// sameBatch returns nil when a batch is there as the row has it.
func (v view) sameBatch(ctx context.Context, r intake.Row) error {
	b, err := v.state.Batch(ctx, r.Batch.ID)
	if err != nil {
		return rowError(err)
	}
	for _, c := range []struct{ zh, en, there, row string }{
		{"品名", "product", b.Product, r.Batch.Product}, {"档案", "profile", b.Profile, r.Batch.Profile},
		{"数量", "quantity", b.Quantity, r.Batch.Quantity}, {"货主", "owner", b.Owner, r.Batch.Owner},
	} {
		if c.there != c.row {
			return &rowRefused{fmt.Sprintf("批次已经有了，%s是“%s”，表格里是“%s”", c.zh, c.there, c.row), fmt.Sprintf("the batch is there, with %s %q; the list has %q", c.en, c.there, c.row)}
		}
	}
	return nil
}

// rowError keeps a refusal, which is of a row, apart from books that cannot be
// written, which is of all.
func rowError(err error) error {
	var d *state.Disagreement
	var r *state.Refusal
	var off *state.OutOfUse
	switch {
	case errors.As(err, &d):
		return &rowRefused{d.ZH + "。要放就单独登记并写明理由", d.EN + ". If it must be, book it by itself with the reason"}
	case errors.As(err, &off):
		return &rowRefused{"库区停用或标为空库：" + off.Zone, off.Error()}
	case errors.As(err, &r):
		zh := r.ZH
		if zh == "" {
			zh = "没有登记：" + r.Text
		}
		return &rowRefused{zh, r.Text}
	}
	return err
}

// zoneNames finds zones by what people call them: site/zone, and the names of
// both, in either language. A name that several have finds none.
func (v view) zoneNames() map[string]string {
	out, twice := map[string]string{}, map[string]bool{}
	for _, s := range v.office.cfg.Sites {
		for _, z := range s.Zones {
			id := s.ID + "/" + z.ID
			names := map[string]bool{zoneKey(id): true}
			for _, language := range []wording.Language{wording.Chinese, wording.English} {
				name, _ := v.office.places.Zone(id, language)
				names[zoneKey(v.office.places.Site(s.ID, language)+name)], names[zoneKey(name)] = true, true
			}
			for n := range names {
				if _, taken := out[n]; taken {
					twice[n] = true
				}
				out[n] = id
			}
		}
	}
	for n := range twice {
		delete(out, n)
	}
	delete(out, "")
	return out
}

// zoneKey is a name without what people write differently.
func zoneKey(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" /·-—_　", r) {
			return -1
		}
		return r
	}, s))
}

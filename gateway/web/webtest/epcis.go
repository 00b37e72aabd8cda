package webtest

import (
	"context"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/gateway/epcis"
)

// EPCIS implements web.Traces.
func (f *Fake) EPCIS(ctx context.Context, id string) ([]byte, error) {
	b, err := f.Batch(ctx, id)
	if err != nil {
		return nil, err
	}
	in := epcis.Input{Base: "https://county.example", Created: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Batch: b.Batch}
	for _, c := range b.Custody {
		in.Stays = append(in.Stays, epcis.Stay{Custody: c, Kind: exposure.Store})
	}
	doc, err := epcis.Build(in)
	if err != nil {
		return nil, err
	}
	return doc.Bytes()
}

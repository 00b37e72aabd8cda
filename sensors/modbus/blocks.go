package modbus

import (
	"cmp"
	"slices"

	"coldchain/sensors"
)

// Bound is a point and the channel that measures it.
type Bound struct {
	Point   sensors.PointID
	Channel *Channel
}

// Block is one question and the points its answer serves.
type Block struct {
	Span
	Points []Bound
}

// Blocks groups points into as few questions as the profile allows: same
// function, holes of at most MaxGap addresses, at most MaxRead in one. The
// order is that of function and address, always the same for the same points.
func (p *Profile) Blocks(points []Bound) []Block {
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, func(a, b Bound) int {
		return cmp.Or(cmp.Compare(a.Channel.Function, b.Channel.Function),
			cmp.Compare(a.Channel.Address, b.Channel.Address),
			cmp.Compare(a.Point, b.Point))
	})
	var blocks []Block
	for _, b := range sorted {
		own := b.Channel.Span()
		if len(blocks) > 0 {
			last := &blocks[len(blocks)-1]
			end := max(last.end(), own.end())
			if last.Function == own.Function && int(own.Address)-last.end() <= p.MaxGap && end-int(last.Address) <= p.MaxRead {
				last.Quantity = uint16(end - int(last.Address))
				last.Points = append(last.Points, b)
				continue
			}
		}
		blocks = append(blocks, Block{Span: own, Points: []Bound{b}})
	}
	return blocks
}

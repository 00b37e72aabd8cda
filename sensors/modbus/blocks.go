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

// Block is one question, the points its answer serves and the fault flags that
// other points need of it.
type Block struct {
	Span
	Points []Bound
	Status []*Channel
}

// Blocks groups points, and the fault flags that their channels name, into as
// few questions as the profile allows: same function, holes of at most MaxGap
// addresses, at most MaxRead in one. The order is that of function and address,
// blocks of flags alone last, and always the same for the same points.
func (p *Profile) Blocks(points []Bound) []Block {
	sorted := slices.Clone(points)
	flags := map[*Channel]bool{}
	for _, b := range points {
		for _, f := range p.faultsOf(b.Channel) {
			if !flags[f] {
				flags[f] = true
				sorted = append(sorted, Bound{Channel: f})
			}
		}
	}
	slices.SortStableFunc(sorted, func(a, b Bound) int {
		return cmp.Or(cmp.Compare(a.Channel.Function, b.Channel.Function),
			cmp.Compare(a.Channel.Address, b.Channel.Address),
			cmp.Compare(a.Channel.Bit, b.Channel.Bit),
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
				last.add(b)
				continue
			}
		}
		blocks = append(blocks, Block{Span: own})
		blocks[len(blocks)-1].add(b)
	}
	slices.SortStableFunc(blocks, func(a, b Block) int { return cmp.Compare(a.rank(), b.rank()) })
	return blocks
}

// rank puts blocks of flags alone behind those with points.
func (b *Block) rank() int {
	if len(b.Points) == 0 {
		return 1
	}
	return 0
}

// add appends a point, or a fault flag when it has no name.
func (b *Block) add(one Bound) {
	if one.Point == "" {
		b.Status = append(b.Status, one.Channel)
		return
	}
	b.Points = append(b.Points, one)
}

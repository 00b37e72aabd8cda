package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"coldchain/sensors"
)

// TableID tells one table from another: the beginning of a SHA-256 over all
// that is in it. Of the few tables a gateway ever has, two alike are one in
// 10^13.
type TableID [6]byte

func (id TableID) String() string { return hex.EncodeToString(id[:]) }

// Table is what rows leave out because an inventory has said it once: the boot
// id and the points by number, with their units. It never changes; a changed
// inventory is another table.
type Table struct {
	ID     TableID
	boot   string
	points []tablePoint
	index  map[sensors.PointID]int
}

type tablePoint struct {
	id   sensors.PointID
	unit sensors.Unit
}

// TableOf makes the table of an inventory, the same at both ends.
func TableOf(inv Inventory) (*Table, error) {
	if err := inv.check(); err != nil {
		return nil, fmt.Errorf("table of names: %w", err)
	}
	t := &Table{boot: inv.Boot, index: map[sensors.PointID]int{}}
	sum := sha256.New()
	fmt.Fprintf(sum, "coldchain table 1\n%q\n", inv.Boot)
	for _, d := range inv.Devices {
		for _, p := range d.Points {
			id, err := sensors.ParsePointID(p.ID)
			if err != nil {
				return nil, fmt.Errorf("table of names: %w", err)
			}
			if _, twice := t.index[id]; twice {
				continue // the first counts, at both ends
			}
			t.index[id] = len(t.points)
			t.points = append(t.points, tablePoint{id, sensors.Unit(p.Unit)})
			fmt.Fprintf(sum, "%q %q\n", p.ID, p.Unit)
		}
	}
	copy(t.ID[:], sum.Sum(nil))
	return t, nil
}

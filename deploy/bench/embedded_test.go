//go:build bench

package bench

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

// perWrite is what the collector writes at once when it is pressed.
const perWrite = 20_000

// ingestEmbedded writes the same readings and their rollups straight into the
// embedded store, nobody before it: what of the collector's cost is its database,
// which then is in the same process. Making the records is no part of it.
func ingestEmbedded(t *testing.T, l load) cost {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var done []store.Rollup
	rollers := make([]*store.Roller, l.gateways*l.points)
	for i := range rollers {
		rollers[i] = store.NewRoller(l.point(i/l.points, i%l.points), sensors.Temperature, l.first, func(r store.Rollup) { done = append(done, r) })
	}
	var used cost
	write := func(records []store.Record) {
		began, cpu := time.Now(), ownCPU(t)
		if _, err := s.Write(t.Context(), records); err != nil {
			t.Fatal(err)
		}
		if len(done) >= perWrite {
			if err := s.WriteRollups(t.Context(), done); err != nil {
				t.Fatal(err)
			}
			done = done[:0]
		}
		used.elapsed += time.Since(began)
		used.database += ownCPU(t) - cpu
		used.n += len(records)
	}
	var records []store.Record
	for round := 0; round < l.rounds; round += l.perMessage {
		for g := range l.gateways {
			for r := round; r < min(round+l.perMessage, l.rounds); r++ {
				at := l.first.Add(time.Duration(r) * l.every)
				for p := range l.points {
					reading := sensors.NewGood(l.point(g, p), at, l.value(r, p))
					records = append(records, store.Record{Reading: reading, Quantity: sensors.Temperature, Gateway: site(g) + "-gw", Epoch: 1, Seq: l.seq + uint64(r*l.points+p)})
					rollers[g*l.points+p].Add(reading)
				}
			}
		}
		if len(records) >= perWrite {
			write(records)
			records = records[:0]
		}
	}
	for _, r := range rollers {
		r.Finish(l.last().Add(rollUp))
	}
	write(records)
	if err := s.WriteRollups(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	return used
}

func (l load) point(g, p int) sensors.PointID {
	return sensors.PointID(fmt.Sprintf("%s/room/p%02d", site(g), p))
}

// ownCPU is what this process has used.
func ownCPU(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

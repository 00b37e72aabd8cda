// Package chain holds the test of the whole way of a reading, from a Modbus
// register to an alarm that names a batch, through programs that were started
// as their users start them.
package chain

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"coldchain/gateway/app/programs"
)

// A recorded log goes through the real programs: an independent Modbus slave,
// the edge agent, a broker, the collector, a store. What is stored is then read
// back without our code and compared with what the slave says it answered.
func TestRecordedLogThroughRealPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; run without -short")
	}
	bin := programs.Build(t)
	t.Run("mosquitto and influxdb", func(t *testing.T) {
		t.Parallel()
		c := &county{t: t, bin: bin, dir: t.TempDir()}
		c.startMosquitto()
		c.startInflux()
		c.follow()
	})
	t.Run("embedded broker and store", func(t *testing.T) {
		t.Parallel()
		c := &county{t: t, bin: bin, dir: t.TempDir()}
		c.embedded()
		c.follow()
	})
}

// follow runs the story and checks its end.
func (c *county) follow() {
	t := c.t
	log := recordedLog(t, c.bin)
	slave := c.startSlave(log)
	c.startCollector(limitFor(t, log))
	// Two batches lie in the room; one leaves before anything is measured.
	c.coldchain("batch", "create", "HJQ261123-TLG-007", "--product", "塔拉沟山羊肉", "--quantity", "240 kg", "--zone", "balagong/mutton", "--at", ago(2*time.Hour))
	c.coldchain("batch", "create", "HJQ261122-TLG-003", "--product", "塔拉沟山羊肉", "--zone", "balagong/mutton", "--at", ago(26*time.Hour))
	c.coldchain("batch", "move", "HJQ261122-TLG-003", "--left", "--at", ago(time.Hour))
	c.startEdge(slave.port)

	await(t, time.Minute, "the slave to have answered its whole log", func() bool { return len(slave.answered(t)) >= slave.rows })
	want := slave.answered(t)
	var got []storedValue
	await(t, 30*time.Second, "every answered value to be stored", func() bool {
		got = c.stored()
		return len(got) >= len(want) || time.Since(want[len(want)-1].at) > 20*time.Second // compare then says what is missing
	})
	compare(t, want, got)
	c.checkAlarm()
}

// compare checks the stored sequence against the slave's log, value by value,
// and each time against the poll that fetched it.
func compare(t *testing.T, want []answer, got []storedValue) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("the slave answered %d blocks, the store holds %d values", len(want), len(got))
	}
	for i, w := range want {
		if got[i].value != w.value {
			t.Fatalf("row %d: answered %v, stored %v", w.row, w.value, got[i].value)
		}
		// Stored times are whole milliseconds, cut off.
		from := w.at.Truncate(time.Millisecond)
		to := w.at.Add(pollPeriod)
		if i+1 < len(want) {
			to = want[i+1].at
		}
		if got[i].at.Before(from) || got[i].at.After(to) {
			t.Fatalf("row %d: answered at %s, next at %s, but stored as measured at %s", w.row, w.at, to, got[i].at)
		}
	}
}

// checkAlarm: the log goes beyond the limit, so there is an alarm, it lists the
// batch that lies in the room, and not the one that had left.
func (c *county) checkAlarm() {
	t := c.t
	var found []alarm
	await(t, 10*time.Second, "the alarm", func() bool {
		found = c.alarms()
		return len(found) > 0
	})
	for _, a := range found {
		if a.Rule != "high-limit" || a.Zone != "balagong/mutton" {
			t.Errorf("unexpected alarm %+v", a)
			continue
		}
		if len(a.Batches) != 1 || a.Batches[0].ID != "HJQ261123-TLG-007" {
			t.Errorf("alarm %s names %+v; want HJQ261123-TLG-007 alone", a.ID, a.Batches)
		}
	}
}

// recordedLog is a refrigerator's real log where the repository's surroundings
// have one, else a log of a simulated room.
func recordedLog(t *testing.T, bin string) string {
	t.Helper()
	real := filepath.Join(programs.Repository(t), "..", "shared", "data", "ruuvi_fridge.csv")
	if _, err := os.Stat(real); err == nil {
		return real
	}
	simulated := filepath.Join(t.TempDir(), "simulated.csv")
	programs.Run(t, filepath.Join(bin, "coldchain"), "simulate", "--record", simulated, "--hours", "6")
	return simulated
}

// limitFor is a limit that a tenth of the log is beyond, whatever room it was
// recorded in.
func limitFor(t *testing.T, log string) float64 {
	t.Helper()
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "temperature")
	var values []float64
	for _, row := range rows[1:] {
		v, err := strconv.ParseFloat(row[column], 64)
		if err != nil {
			t.Fatalf("%s: %v", log, err)
		}
		values = append(values, v)
	}
	slices.Sort(values)
	return values[len(values)*9/10]
}

type answer struct {
	row   int
	value float64
	at    time.Time
}

// answered reads the slave's own log.
func (s *slave) answered(t *testing.T) []answer {
	t.Helper()
	f, err := os.Open(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []answer
	for _, row := range rows {
		if len(row) < 3 || row[0] == "row" {
			continue
		}
		n, err1 := strconv.Atoi(row[0])
		v, err2 := strconv.ParseFloat(row[1], 64)
		at, err3 := time.Parse(time.RFC3339Nano, row[2])
		if err1 != nil || err2 != nil || err3 != nil {
			continue // a line that is being written
		}
		out = append(out, answer{n, v, at})
	}
	return out
}

func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

// await polls a condition that another process brings about.
func await(t *testing.T, most time.Duration, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s for %s", most, what)
		case <-tick.C:
		}
	}
}

//go:build bench

package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/gateway/wire"
)

// TestMemory: what an agent and the collector need while a thousand readings
// wait for them, and while a million do.
func TestMemory(t *testing.T) {
	var waiting, agent, collector [2]float64
	for i, n := range [...]int{1_000, 1_000_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := prepareSite(t, time.Hour, func(path string) {
				j, err := journal.Open(t.Context(), path, journal.Options{Boot: "0f1e2d3c4b5a6978"})
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
				if err := fillSite(t, j, time.Now().Add(-time.Duration(n/(2*wireDevices))*time.Minute), time.Minute, n); err != nil {
					t.Fatal(err)
				}
			})
			time.Sleep(10 * time.Second) // nobody greets it
			waiting[i] = memory(t, s.agent.Pid, "Rss:")
			s.startCounty(t)
			s.awaitDelivered(t)
			agent[i], collector[i] = peak(t, s.agent.Pid), peak(t, s.county.Pid)
		})
	}
	row := func(who string, m [2]float64) {
		fmt.Printf("memory | %s | 1 k readings %.1f MB, 1 M %.1f MB (%+.0f %%)\n", who, m[0], m[1], 100*(m[1]/m[0]-1))
	}
	row("edge agent, all of its journal waiting", waiting)
	row("edge agent, peak while it drains its journal", agent)
	row("collector, peak meanwhile, embedded store", collector)
	row("collector, peak, InfluxDB away for 15 s and 20 gateways pressing", away(t))
}

// away measures the collector after a thousand readings and after a million
// that were offered while the database was down.
func away(t *testing.T) (peaks [2]float64) {
	broker, influx := mosquittotest.Start(t, brokerCfg), influxdtest.Start(t)
	l := million()
	l.perMessage, l.window, l.encoding = 15, 6, wire.CBORZstd // as an edge sends a backlog
	few := l
	few.rounds = 3
	l.first, l.seq = few.last().Add(l.every), l.seq+uint64(few.rounds*l.points)
	packs, fewPacks := make([][][]byte, l.gateways), make([][][]byte, l.gateways)
	for g := range packs {
		packs[g], fewPacks[g] = l.packs(t, g), few.packs(t, g)
	}
	c := startCounty(t, few, broker.URL, influx)
	c.warmUp(t, few, broker.URL)
	few.deliver(t, broker.URL, fewPacks, c.set)
	peaks[0] = peak(t, c.process.Pid)

	influx.Stop()
	var wg sync.WaitGroup
	wg.Go(func() { l.deliver(t, broker.URL, packs, c.set) })
	time.Sleep(15 * time.Second)
	influx.Restart(t)
	wg.Wait()
	peaks[1] = peak(t, c.process.Pid)
	_ = c.process.Signal(syscall.SIGTERM)
	if got, want := c.stored(t, influx), l.readings()+few.readings()+l.gateways*l.points; got != want {
		t.Errorf("the store holds %d of %d readings", got, want)
	}
	return peaks
}

// peak is the most memory a process ever had, in MB (proc(5), VmHWM).
func peak(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return float64(kb) * 1024 / 1e6
		}
	}
	t.Fatal("status has no VmHWM")
	return 0
}

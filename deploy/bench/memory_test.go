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
	var waiting, agent [2]float64
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
			agent[i] = peak(t, s.agent.Pid)
		})
	}
	row := func(who string, m [2]float64) {
		fmt.Printf("memory | %s | 1 k readings %.1f MB, 1 M %.1f MB (%+.0f %%)\n", who, m[0], m[1], 100*(m[1]/m[0]-1))
	}
	row("edge agent, all of its journal waiting", waiting)
	row("edge agent, peak while it drains its journal", agent)
	broker := mosquittotest.Start(t, brokerCfg)
	row("collector, peak while 20 gateways press, embedded store", pressed(t, broker, nil))
	row("collector, peak while they press and InfluxDB is away for 15 s", pressed(t, broker, influxdtest.Start(t)))
}

// pressed measures one collector, warmed by an hour of live readings, while a
// thousand readings are offered to it at once, and then while a million are;
// with a database, while that is away. Each time its high-water mark begins anew.
func pressed(t *testing.T, broker *mosquittotest.Broker, influx *influxdtest.Server) (peaks [2]float64) {
	live := million()
	live.rounds = 360
	few := live.after(3)
	many := few.after(million().rounds)
	for _, l := range []*load{&few, &many} {
		l.perMessage, l.window, l.encoding = 15, 6, wire.CBORZstd // as an edge sends a backlog
	}
	c := startCounty(t, live, broker.URL, influx)
	c.warmUp(t, live, broker.URL)
	c.send(t, live, broker.URL)
	for i, l := range []load{few, many} {
		forgetPeak(t, c.process.Pid)
		if influx == nil {
			c.send(t, l, broker.URL)
			peaks[i] = peak(t, c.process.Pid)
			continue
		}
		influx.Stop()
		var wg sync.WaitGroup
		wg.Go(func() { c.send(t, l, broker.URL) })
		time.Sleep(15 * time.Second)
		influx.Restart(t)
		wg.Wait()
		peaks[i] = peak(t, c.process.Pid)
	}
	_ = c.process.Signal(syscall.SIGTERM)
	if got, want := c.stored(t, influx), live.readings()+few.readings()+many.readings()+live.gateways*live.points; got != want {
		t.Errorf("the store holds %d of %d readings", got, want)
	}
	return peaks
}

// after is a load of so many rounds that goes on where l ends.
func (l load) after(rounds int) load {
	l.first, l.seq, l.rounds = l.last().Add(l.every), l.seq+uint64(l.rounds*l.points), rounds
	return l
}

func (c county) send(t *testing.T, l load, broker string) {
	packs := make([][][]byte, l.gateways)
	for g := range packs {
		packs[g] = l.packs(t, g)
	}
	l.deliver(t, broker, packs, c.set)
}

// forgetPeak begins a process's high-water mark anew (proc(5), clear_refs).
func forgetPeak(t *testing.T, pid int) {
	t.Helper()
	if err := os.WriteFile("/proc/"+strconv.Itoa(pid)+"/clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
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

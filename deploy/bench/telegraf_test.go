//go:build bench

package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/store/storetest/influxdtest"
)

// ingestTelegraf sends the same readings in line protocol to a Telegraf with
// mqtt_consumer and influxdb_v2, the parts somebody would assemble instead. It
// neither judges nor acknowledges; durable is what the database counts.
func ingestTelegraf(t *testing.T, broker string, influx *influxdtest.Server) (cost, bool) {
	binary, err := exec.LookPath("telegraf")
	if err != nil {
		return cost{}, false
	}
	influx.CreateDatabase(t, "telegraf")
	dir := t.TempDir()
	config := filepath.Join(dir, "telegraf.conf")
	text := fmt.Sprintf(`[agent]
  metric_batch_size = 5000
  metric_buffer_limit = 2000000
  flush_interval = "1s"
  omit_hostname = true
[[inputs.mqtt_consumer]]
  servers = [%q]
  topics = ["telegraf/#"]
  qos = 1
  max_undelivered_messages = 2000
  topic_tag = ""
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = [%q]
  token = "none:none"
  organization = ""
  bucket = "telegraf/autogen"
`, broker, influx.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	process := start(t, binary, "--config", config, "--quiet")
	time.Sleep(3 * time.Second) // it says nowhere that it has subscribed

	before := cpuOf(t, process.Pid)
	began := time.Now()
	var wg sync.WaitGroup
	for g := range gateways {
		wg.Go(func() { publishLines(t, broker, fmt.Sprintf("site-%02d", g), began) })
	}
	wg.Wait()
	var got int
	deadline := time.Now().Add(2 * time.Minute)
	for got < readings && time.Now().Before(deadline) {
		time.Sleep(200 * time.Millisecond)
		got = countInInflux(t, influx, "telegraf", "temperature", "value")
	}
	c := cost{n: got, elapsed: time.Since(began), cpu: cpuOf(t, process.Pid) - before}
	if got != readings {
		fmt.Printf("ingest | telegraf | lost %d of %d readings\n", readings-got, readings)
	}
	return c, true
}

func publishLines(t *testing.T, broker, site string, began time.Time) {
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{Server: broker, ClientID: "t-" + site, Logger: slog.New(slog.DiscardHandler), OnConnect: func() { connected <- struct{}{} }})
	if err != nil {
		t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	<-connected
	start := began.Add(-rounds * time.Second)
	for round := range rounds {
		var b strings.Builder
		at := start.Add(time.Duration(round) * time.Second).UnixNano()
		for p := range points {
			fmt.Fprintf(&b, "temperature,county=bench,site=%s,zone=%s/room,point=%s/room/p%02d value=%.1f,gateway=\"%s-gw\",epoch=1i,sequence=%di %d\n",
				site, site, site, p, -18.5+float64((round+p)%10)/10, site, round*points+p+1, at)
		}
		if err := link.Publish(ctx, mqtt.Message{Topic: "telegraf/" + site, Payload: []byte(b.String())}); err != nil {
			t.Error(err)
			return
		}
	}
}

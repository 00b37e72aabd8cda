//go:build bench

package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
)

// findTelegraf looks in .cache/bin of the repository and on PATH.
func findTelegraf() (string, error) {
	if bin, err := filepath.Abs("../../.cache/bin/telegraf"); err == nil {
		if _, err := os.Stat(bin); err == nil {
			return bin, nil
		}
	}
	return exec.LookPath("telegraf")
}

// ingestTelegraf sends the same readings in line protocol to a Telegraf with
// mqtt_consumer and influxdb_v2, the parts somebody would assemble instead. It
// neither judges nor acknowledges nor rolls up; durable is what the database
// counts.
func ingestTelegraf(t *testing.T, l load, broker *mosquittotest.Broker, influx *influxdtest.Server) (cost, bool) {
	influx.CreateDatabase(t, "telegraf")
	return telegrafInto(t, l, broker, influx, influx.URL, func() int { return countInInflux(t, influx, "telegraf", "temperature", "value") })
}

// telegrafInto has it write to an address, and asks how much has come there.
func telegrafInto(t *testing.T, l load, broker *mosquittotest.Broker, influx *influxdtest.Server, address string, count func() int) (cost, bool) {
	binary, err := findTelegraf()
	if err != nil {
		return cost{}, false
	}
	lines := make([][][]byte, l.gateways)
	for g := range lines {
		lines[g] = l.lines(g)
	}
	config := filepath.Join(t.TempDir(), "telegraf.conf")
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
`, broker.URL, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	process := start(t, binary, "--config", config, "--quiet")
	time.Sleep(3 * time.Second) // it says nowhere that it has subscribed

	var before, after cost
	before.take(t, process.Pid, broker, influx)
	began := time.Now()
	var wg sync.WaitGroup
	for g := range l.gateways {
		wg.Go(func() {
			if err := publishLines(t.Context(), broker.URL, site(g), lines[g]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var got int
	deadline := time.Now().Add(2 * time.Minute)
	for got < l.readings() && time.Now().Before(deadline) {
		time.Sleep(200 * time.Millisecond)
		got = count()
	}
	elapsed := time.Since(began)
	after.take(t, process.Pid, broker, influx)
	if got != l.readings() {
		fmt.Printf("ingest | telegraf | lost %d of %d readings\n", l.readings()-got, l.readings())
	}
	return cost{n: got, elapsed: elapsed, cpu: after.cpu - before.cpu, database: after.database - before.database, broker: after.broker - before.broker}, true
}

func publishLines(ctx context.Context, broker, site string, messages [][]byte) error {
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{Server: broker, ClientID: "t-" + site, Logger: slog.New(slog.DiscardHandler), OnConnect: func() { connected <- struct{}{} }})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	<-connected
	for _, m := range messages {
		if err := link.Publish(ctx, mqtt.Message{Topic: "telegraf/" + site, Payload: m}); err != nil {
			return err
		}
	}
	return nil
}

// ingestDatabase writes the same rows straight into InfluxDB, 5000 a request
// over two connections: what the database can do when nobody stands before it.
func ingestDatabase(t *testing.T, l load, influx *influxdtest.Server) cost {
	influx.CreateDatabase(t, "alone")
	var bodies [][]byte
	var body bytes.Buffer
	all := make([][][]byte, l.gateways)
	for g := range all {
		all[g] = l.lines(g)
	}
	for i := range all[0] {
		for g := range all {
			body.Write(all[g][i])
			if body.Len() > 5000*170 {
				bodies, body = append(bodies, body.Bytes()), bytes.Buffer{}
			}
		}
	}
	todo := make(chan []byte, len(bodies)+1)
	for _, b := range append(bodies, body.Bytes()) {
		todo <- b
	}
	close(todo)
	var before, after cost
	before.take(t, 0, nil, influx)
	began := time.Now()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for b := range todo {
				res, err := http.Post(influx.URL+"/api/v2/write?bucket=alone/autogen&precision=ns", "text/plain", bytes.NewReader(b))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != http.StatusNoContent {
					t.Errorf("influxd: %s", res.Status)
				}
			}
		})
	}
	wg.Wait()
	c := cost{n: l.readings(), elapsed: time.Since(began)}
	after.take(t, 0, nil, influx)
	c.database = after.database - before.database
	if got := countInInflux(t, influx, "alone", "temperature", "value"); got != c.n {
		t.Errorf("the database alone holds %d of %d readings", got, c.n)
	}
	return c
}

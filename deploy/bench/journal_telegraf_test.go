//go:build bench

package bench

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/mqtt/mosquittotest"
)

const telegrafPolls = 625 // of 32 points

// telegrafBuffer measures the counterpart of a journal in Telegraf: its buffer
// on disk before an output that cannot be reached.
func telegrafBuffer(t *testing.T) {
	binary, err := exec.LookPath("telegraf")
	if err != nil {
		if binary, err = filepath.Abs("../../.cache/bin/telegraf"); err == nil {
			_, err = os.Stat(binary)
		}
	}
	if err != nil {
		fmt.Println("journal | telegraf, buffer_strategy disk | not on PATH nor in .cache/bin, not measured")
		return
	}
	broker := mosquittotest.Start(t, brokerCfg)
	dir := t.TempDir()
	buffer, config := filepath.Join(dir, "buffer"), filepath.Join(dir, "telegraf.conf")
	text := fmt.Sprintf(`[agent]
  flush_interval = "1s"
  omit_hostname = true
  logfile = %q
  metric_buffer_limit = 1000000
  buffer_strategy = "disk"
  buffer_directory = %q
[[inputs.mqtt_consumer]]
  servers = [%q]
  topics = ["telegraf/#"]
  qos = 1
  topic_tag = ""
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["http://%s"]
  token = "none:none"
  organization = ""
  bucket = "nowhere"
`, filepath.Join(dir, "log"), buffer, broker.URL, freeAddress(t)) // its log: that the output is away
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	process := start(t, binary, "--config", config, "--quiet")
	time.Sleep(3 * time.Second) // it says nowhere that it has subscribed
	empty := sizeOf(t, buffer)
	const n = telegrafPolls * journalPoints
	syncs := func() string { return "strace is not on PATH: fsyncs not counted" }
	if _, err := exec.LookPath("strace"); err == nil {
		count := traceSyncs(t, process.Pid, filepath.Join(dir, "strace"))
		syncs = func() string { return fmt.Sprintf("%.2f fsyncs a reading", float64(count())/n) }
	}
	publishPolls(t, broker.URL)
	// It does not say either how much it has: it is done when nothing grows any more.
	size, still := sizeOf(t, buffer), 0
	for still < 10 {
		time.Sleep(500 * time.Millisecond)
		now := sizeOf(t, buffer)
		if still++; now != size {
			size, still = now, 0
		}
	}
	fmt.Printf("journal | telegraf, buffer_strategy disk, output away, 32 readings a message | %.1f bytes a reading on disk | %s\n", float64(size-empty)/n, syncs())
}

// traceSyncs counts the syncs of a process until the returned function is
// called.
func traceSyncs(t *testing.T, pid int, file string) (count func() int) {
	t.Helper()
	var said strings.Builder
	tracer := exec.Command("strace", "-f", "-e", "trace=fsync,fdatasync", "-o", file, "-p", strconv.Itoa(pid))
	tracer.Stderr = &said
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	return func() int {
		_ = tracer.Process.Signal(os.Interrupt) // it lets go of the process
		_ = tracer.Wait()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := len(regexp.MustCompile(`(?m)^\d+ +f(data)?sync\(`).FindAll(text, -1))
		if n == 0 {
			t.Errorf("strace saw no sync: %s", said.String())
		}
		return n
	}
}

func sizeOf(t *testing.T, folder string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return size
}

func publishPolls(t *testing.T, broker string) {
	t.Helper()
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{Server: broker, ClientID: "t-store", Logger: slog.New(slog.DiscardHandler), OnConnect: func() { connected <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	<-connected
	begin := time.Now().Add(-telegrafPolls * time.Minute)
	for minute := range telegrafPolls {
		var b strings.Builder
		for _, r := range pollOf(minute, begin.Add(time.Duration(minute)*time.Minute), 0) {
			v, _ := r.Reading.Value()
			zone := string(r.Reading.Point[:strings.LastIndexByte(string(r.Reading.Point), '/')])
			fmt.Fprintf(&b, "%s,site=store,zone=%s,point=%s value=%g %d\n", map[bool]string{true: "temperature", false: "humidity"}[r.Unit == "Cel"], zone, r.Reading.Point, v, r.Reading.Time.UnixNano())
		}
		if err := link.Publish(ctx, mqtt.Message{Topic: "telegraf/store", Payload: []byte(b.String())}); err != nil {
			t.Fatal(err)
		}
	}
}

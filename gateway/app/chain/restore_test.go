package chain

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"coldchain/gateway/app/programs"
)

// The rehearsal of the worst day: the county's computer is backed up while it
// works, works on, and is destroyed. A day-old copy is put back, and whatever
// the edges keep is stored again, once.
func TestRestoreRehearsal(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; run without -short")
	}
	t.Parallel()
	c := &county{t: t, bin: programs.Build(t), dir: t.TempDir()}
	c.embedded()
	log := recordedLog(t, c.bin)
	slave := c.startSlave(log)
	config := c.writeCounty(limitFor(t, log))
	data, backup := filepath.Join(c.dir, "collector"), filepath.Join(c.dir, "backup")
	lot := "HJQ261123-TLG-007"

	stop := c.startCollectorOnce(config)
	c.coldchain("batch", "create", lot, "--product", "塔拉沟山羊肉", "--zone", "balagong/mutton", "--at", ago(2*time.Hour))
	c.startEdge(slave.port)
	await(t, time.Minute, "an alarm and a third of the log", func() bool {
		return len(c.alarms()) > 0 && len(c.stored()) >= slave.rows/3
	})
	before := c.alarms()
	c.tool("backup", "--config", config, "--to", backup, "--actor", "其其格")
	atBackup := len(c.stored())
	await(t, time.Minute, "more than the backup holds", func() bool { return len(c.stored()) > atBackup+20 })

	c.refused("stop", "restore", "--config", config, "--from", backup, "--force")
	stop()
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	c.tool("restore", "--config", config, "--from", backup, "--actor", "其其格")
	c.startCollectorOnce(config)

	await(t, time.Minute, "the slave to have answered its whole log", func() bool { return len(slave.answered(t)) >= slave.rows })
	want := slave.answered(t)
	var got []storedValue
	await(t, 40*time.Second, "every answered value to be stored again", func() bool {
		got = c.stored()
		return len(got) >= len(want) || time.Since(want[len(want)-1].at) > 30*time.Second // compare then says what is missing
	})
	compare(t, want, got)
	c.sameAlarms(before, lot)
	var batches struct{ Batches []struct{ ID, Zone string } }
	c.get("/api/v1/batches", &batches)
	if len(batches.Batches) != 1 || batches.Batches[0].ID != lot || batches.Batches[0].Zone != "balagong/mutton" {
		t.Errorf("batches %+v", batches)
	}
}

// sameAlarms: the alarms of the backup are there, not raised a second time
// under another name, and still name the batch.
func (c *county) sameAlarms(before []alarm, lot string) {
	t := c.t
	t.Helper()
	now := map[string]alarm{}
	for _, a := range c.alarms() {
		now[a.ID] = a
		if a.Rule == "high-limit" && (len(a.Batches) != 1 || a.Batches[0].ID != lot) {
			t.Errorf("alarm %s names %+v", a.ID, a.Batches)
		}
	}
	for _, a := range before {
		if _, ok := now[a.ID]; !ok {
			t.Errorf("alarm %s (%s) of before the backup is not there", a.ID, a.Rule)
		}
	}
}

// writeCounty is a county with one room and this limit.
func (c *county) writeCounty(limit float64) (file string) {
	listen := programs.FreeAddress(c.t)
	c.page = "http://" + listen
	return c.write("county.yaml", `county: hangjin
data: `+filepath.Join(c.dir, "collector")+"\n"+c.mqtt+c.store+`web: {listen: `+listen+`, token_file: `+c.write("token", "let-me\n")+`}
sites:
  - id: balagong
    kind: township-store
    gateway: balagong-gw
    zones:
      - id: mutton
        kind: chilled
        points: {air: temperature}
        limits: {temperature: [{side: high, level: excursion, value: `+strconv.FormatFloat(limit, 'f', -1, 64)+`, delay: 0s}]}
`)
}

// startCollectorOnce starts the collector and returns how to stop it.
func (c *county) startCollectorOnce(config string) (stop func()) {
	t := c.t
	t.Helper()
	log := &lockedBuffer{}
	cmd := exec.Command(filepath.Join(c.bin, "collector"), "-config", config)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("collector ended with %v", err)
		}
		if t.Failed() {
			t.Logf("collector said:\n%s", log.String())
		}
	}
	t.Cleanup(stop)
	await(t, 30*time.Second, "the page", func() bool { return get(t, c.page+"/healthz") != "" })
	return stop
}

// tool runs a command of the person's tool that asks no server.
func (c *county) tool(args ...string) {
	c.t.Helper()
	programs.Run(c.t, filepath.Join(c.bin, "coldchain"), args...)
}

// refused runs a command that must fail and say a word.
func (c *county) refused(word string, args ...string) {
	c.t.Helper()
	out, err := exec.Command(filepath.Join(c.bin, "coldchain"), args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), word) {
		c.t.Errorf("coldchain %s: want a refusal with %q, got %v\n%s", strings.Join(args, " "), word, err, out)
	}
}

//go:build bench

package bench

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"coldchain/gateway/store/storetest/influxdtest"
)

// build compiles one program as a release would be and returns its path.
func build(t *testing.T, dir, program string, env []string) string {
	t.Helper()
	out := filepath.Join(dir, program)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "coldchain/cmd/"+program)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, text)
	}
	return out
}

// start runs a program until the test ends.
func start(t *testing.T, program string, args ...string) *os.Process {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // its numbers were taken; how it ends is another test's business
	})
	return cmd.Process
}

// cpuOf is the user and system time a process has used (proc(5), stat fields
// 14 and 15, in ticks of 10 ms).
func cpuOf(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is one figure of a process's smaps_rollup, in MB.
func memory(t *testing.T, pid int, what string) float64 {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == what {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return float64(kb) * 1024 / 1e6
		}
	}
	t.Fatalf("smaps_rollup has no %s", what)
	return 0
}

func countInInflux(t *testing.T, influx *influxdtest.Server, db, measurement, field string) int {
	t.Helper()
	var answer struct {
		Results []struct {
			Series []struct{ Values [][]any }
		}
	}
	text := influx.InfluxQL(t, `SELECT count("`+field+`") FROM "`+db+`"."autogen"."`+measurement+`"`)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Results) == 0 || len(answer.Results[0].Series) == 0 {
		return 0
	}
	n, _ := answer.Results[0].Series[0].Values[0][1].(float64) // JSON has one kind of number
	return int(n)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

package journal

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"coldchain/gateway/wire"
)

// crashEnv makes the test binary play the agent that is about to lose power.
const crashEnv = "COLDCHAIN_JOURNAL_CRASH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		appendUntilKilled(path)
	}
	os.Exit(m.Run())
}

// appendUntilKilled appends, confirms and trims for ever and says on standard
// output what Append has promised, a line each.
func appendUntilKilled(path string) {
	ctx := context.Background()
	j, err := Open(ctx, path, Options{Boot: "crash"})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		kept, err := j.Append(ctx, readings(1+i%50))
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("kept", kept[0].Seq, kept[len(kept)-1].Seq)
		if i%7 == 3 {
			if err := j.Confirm(ctx, []wire.AckRange{ack(1, kept[0].Seq, wire.Stored)}); err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
		}
	}
}

// TestKilledInTheMiddleOfAppending kills the process again and again; what was
// promised has to be there and numbering has to go on, once each.
func TestKilledInTheMiddleOfAppending(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	var promised uint64
	for round := range rounds {
		last := killAfter(t, path, 20+37*round)
		if last <= promised {
			t.Fatalf("round %d: numbering went from %d to %d", round, promised, last)
		}
		promised = last
		checkUnbroken(t, path, promised)
	}
}

// killAfter kills the child after so many of its promises and returns the last
// sequence it promised.
func killAfter(t *testing.T, path string, promises int) (last uint64) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var first uint64
		if _, err := fmt.Sscanf(lines.Text(), "kept %d %d", &first, &last); err != nil {
			t.Fatalf("child: %s", lines.Text())
		}
		if n == promises {
			// Not at a tidy place: the child is already in a later append.
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return last
}

// checkUnbroken opens the file as a restart does and wants every sequence from
// 1 to at least last, once, with its value.
func checkUnbroken(t *testing.T, path string, last uint64) {
	t.Helper()
	j, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	expect := uint64(1)
	err = j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool {
		if e.Seq != expect {
			t.Errorf("record %d where %d belongs", e.Seq, expect)
			return false
		}
		expect++
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if expect <= last {
		t.Errorf("%d was promised, the file ends at %d", last, expect-1)
	}
	if j.Next() != expect {
		t.Errorf("next is %d after %d", j.Next(), expect-1)
	}
	if n := j.Next() - j.Oldest(); j.Undelivered() != n {
		t.Errorf("%d undelivered, want %d", j.Undelivered(), n)
	}
}

// TestTornTail cuts the log off at every place where a power cut could have
// left it: the file opens, and holds whole batches from the first on.
func TestTornTail(t *testing.T) {
	ctx := context.Background()
	j := newJournal(t)
	const batch, batches = 5, 6
	for range batches {
		mustAppend(t, j, readings(batch))
	}
	// Copied while open: after a close SQLite has put the log away.
	db, err := os.ReadFile(j.path)
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(j.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	step := 997 // every offset would take minutes and find the same frames
	path := filepath.Join(t.TempDir(), "torn.db")
	seen := map[uint64]bool{}
	for cut := len(wal); cut > 0; cut -= step {
		for name, content := range map[string][]byte{path: db, path + "-wal": wal[:cut]} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(path + "-shm"); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		torn, err := Open(ctx, path, Options{})
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, len(wal), err)
		}
		kept := torn.Next() - 1
		if kept%batch != 0 || kept != torn.Undelivered() {
			t.Errorf("cut at %d: %d records, %d undelivered: half a batch", cut, kept, torn.Undelivered())
		}
		seen[kept] = true
		if err := torn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) < batches {
		t.Errorf("the cuts met %d different states, so they tested little", len(seen))
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{60, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			j := newJournal(b)
			batch := readings(n)
			b.ReportAllocs()
			for b.Loop() {
				mustAppend(b, j, batch)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
			if info, err := os.Stat(j.path); err == nil {
				b.ReportMetric(float64(info.Size())/float64(j.Next()), "B/record")
			}
		})
	}
}

func BenchmarkOffer(b *testing.B) {
	j := newJournal(b)
	mustAppend(b, j, readings(2000))
	b.ReportAllocs()
	for b.Loop() {
		if records, err := j.Offer(context.Background(), 500, 500); err != nil || len(records) != 500 {
			b.Fatal(len(records), err)
		}
	}
	b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkConfirm(b *testing.B) {
	j := newJournal(b)
	batch := readings(500)
	for b.Loop() {
		b.StopTimer()
		kept := mustAppend(b, j, batch)
		b.StartTimer()
		confirm(b, j, ack(kept[0].Seq, kept[499].Seq, wire.Stored))
	}
}

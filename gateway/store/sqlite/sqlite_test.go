package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/storetest"
	"coldchain/sensors"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "readings.db")
		return func(t *testing.T) store.Store {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

func mustOpen(t testing.TB, path string) *Store {
	t.Helper()
	s, err := open(t.Context(), path, 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var start = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

func batch(from, n int) []store.Record {
	rs := make([]store.Record, n)
	for i := range rs {
		k := from + i
		p := sensors.PointID(fmt.Sprintf("store-%d/room-%d/air", k%10, k/10%40))
		rs[i] = store.Record{
			Reading:  sensors.NewGood(p, start.Add(time.Duration(k)*time.Second), float64(k%900)/10-40),
			Quantity: sensors.Temperature, Gateway: "gw-1", Epoch: 1, Seq: uint64(k + 1),
		}
	}
	return rs
}

func TestPathsThatLookLikeParameters(t *testing.T) {
	for _, name := range []string{"a?mode=memory.db", "库房 100%.db", "x#y.db", "a&b=c.db", "%41.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			s := mustOpen(t, path)
			if _, err := s.Write(t.Context(), batch(0, 1)); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDurabilitySettings(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "readings.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "user_version": fmt.Sprint(len(migrations))} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
	if _, err := s.read.Exec("DELETE FROM reading"); err == nil {
		t.Error("a read connection deleted rows")
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ name, sql, want string }{
		{"another program's file", `CREATE TABLE alarm (id INTEGER)`, "another program's database"},
		{"a versioned file of another program", `PRAGMA user_version = 1`, "another program's database"},
		{"a newer version", fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = 99`, applicationID), "install the newer program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "readings.db")
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(c.sql); err != nil {
				t.Fatal(err)
			}
			db.Close()
			_, err = Open(t.Context(), path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("got %v, want an error naming the file and %q", err, c.want)
			}
		})
	}
	t.Run("not a database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "readings.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path); err == nil || errors.Is(err, store.ErrTemporary) {
			t.Fatalf("got %v, want a permanent error", err)
		}
	})
	t.Run("no such folder", func(t *testing.T) {
		if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "readings.db")); err == nil || errors.Is(err, store.ErrTemporary) {
			t.Fatalf("got %v, want a permanent error", err)
		}
	})
}

func TestBusyIsTemporaryAndHeals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readings.db")
	s := mustOpen(t, path)
	other, err := sql.Open("sqlite", dsn(path, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	hold, err := other.Begin() // immediate: takes the write lock
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), batch(0, 10)); !errors.Is(err, store.ErrTemporary) {
		t.Fatalf("write while another program holds the file: %v, want ErrTemporary", err)
	}
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	if res, err := s.Write(t.Context(), batch(0, 10)); err != nil || len(res.Collisions) > 0 {
		t.Fatalf("write afterwards: %+v, %v", res, err)
	}
}

func TestDiskFullIsTemporaryAndKeepsNothingHalf(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "readings.db"))
	if _, err := s.Write(t.Context(), batch(0, 100)); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+5)); err != nil {
		t.Fatal(err)
	}
	_, err := s.Write(t.Context(), batch(100, 5000))
	if !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "make room") {
		t.Fatalf("write on a full disk: %v, want ErrTemporary and what to do", err)
	}
	if n := count(t, s); n != 100 {
		t.Fatalf("%d rows after a failed write, want 100", n)
	}
	if _, err := s.write.Exec("PRAGMA max_page_count = 1073741823"); err != nil {
		t.Fatal(err)
	}
	// Points numbered by the failed transaction must be numbered again.
	if _, err := s.Write(t.Context(), batch(100, 5000)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s); n != 5100 {
		t.Fatalf("%d rows, want 5100", n)
	}
	byPoint := make(map[sensors.PointID][]store.Record)
	for _, r := range batch(0, 5100) {
		byPoint[r.Point] = append(byPoint[r.Point], r)
	}
	for p, want := range byPoint {
		var got []store.Record
		q := store.Query{Point: p, Quantity: sensors.Temperature, From: start, To: start.AddDate(1, 0, 0)}
		if err := s.Read(t.Context(), q, func(r store.Record) bool { got = append(got, r); return true }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s has %d readings, want its own %d", p, len(got), len(want))
		}
	}
}

func count(t testing.TB, s *Store) int {
	t.Helper()
	var n int
	if err := s.read.QueryRow(`SELECT count(*) FROM reading`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// stopAfter is a context that ends at the n-th look at it.
type stopAfter struct {
	context.Context
	looks int
}

func (c *stopAfter) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

func TestCancelInTheMiddleKeepsNothing(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "readings.db"))
	for looks := range 6 {
		_, err := s.Write(&stopAfter{t.Context(), looks}, batch(0, 4*cancelEvery))
		if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrTemporary) {
			t.Fatalf("%d looks: %v, want context.Canceled", looks, err)
		}
		if n := count(t, s); n != 0 {
			t.Fatalf("%d looks: %d rows, want none", looks, n)
		}
	}
	if _, err := s.Write(&stopAfter{t.Context(), 6}, batch(0, 4*cancelEvery)); err != nil || count(t, s) != 4*cancelEvery {
		t.Fatalf("write: %v, %d rows", err, count(t, s))
	}
}

func TestWriterIsNotHeldUpByReaders(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "readings.db"))
	if _, err := s.Write(t.Context(), batch(0, 4000)); err != nil {
		t.Fatal(err)
	}
	seen := 0
	q := store.Query{Point: "store-0/room-0/air", Quantity: sensors.Temperature, From: start, To: start.AddDate(1, 0, 0)}
	err := s.Read(t.Context(), q, func(store.Record) bool {
		seen++
		if _, err := s.Write(t.Context(), batch(4000*seen, 4000)); err != nil {
			t.Errorf("write during a read: %v", err)
		}
		return true
	})
	if err != nil || seen != 10 {
		t.Fatalf("read %d records, %v; want the 10 of the snapshot", seen, err)
	}
}

// TestBytesPerRow watches the reason for numbering names.
func TestBytesPerRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readings.db")
	s := mustOpen(t, path)
	const n = 50_000
	for i := 0; i < n; i += 5000 {
		if _, err := s.Write(t.Context(), batch(i, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	perRow := float64(info.Size()) / n
	t.Logf("%.1f bytes per reading", perRow)
	if perRow > 60 {
		t.Errorf("%.1f bytes per reading, want at most 60", perRow)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := mustOpen(b, filepath.Join(b.TempDir(), "readings.db"))
			next := 0
			for b.Loop() {
				b.StopTimer()
				rs := batch(next, size)
				next += size
				b.StartTimer()
				if _, err := s.Write(b.Context(), rs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkReadDay(b *testing.B) {
	s := mustOpen(b, filepath.Join(b.TempDir(), "readings.db"))
	const p = sensors.PointID("store-0/room-0/air")
	rs := make([]store.Record, 1440)
	for i := range rs {
		rs[i] = store.Record{Reading: sensors.NewGood(p, start.Add(time.Duration(i)*time.Minute), float64(i)/100), Quantity: sensors.Temperature, Gateway: "gw-1", Epoch: 1, Seq: uint64(i + 1)}
	}
	if _, err := s.Write(b.Context(), rs); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := 0
		err := s.Read(b.Context(), store.Query{Point: p, Quantity: sensors.Temperature, From: start, To: start.AddDate(0, 0, 1)}, func(store.Record) bool { n++; return true })
		if err != nil || n != len(rs) {
			b.Fatalf("%d records, %v", n, err)
		}
	}
}

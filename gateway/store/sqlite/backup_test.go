package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func TestCopyHoldsWhatWasWrittenAndRenewNamesItAnew(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "readings.db"), filepath.Join(dir, "copy.db")
	s, err := Open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	record := func(seq uint64) store.Record {
		return store.Record{Reading: sensors.NewGood("a/b/air", at.Add(time.Duration(seq)*time.Second), 1.5), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: seq}
	}
	if _, err := s.Write(t.Context(), []store.Record{record(1), record(2)}); err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), from, to); err != nil { // the store is open
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), []store.Record{record(3)}); err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), from, to); err == nil {
		t.Error("a copy was written over")
	}
	generation, err := Verify(t.Context(), to)
	if own, _ := s.Generation(t.Context()); err != nil || generation != own {
		t.Errorf("the copy is of generation %q, the store of %q: %v", generation, own, err)
	}
	c, err := Open(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	before, after, err := c.Renew(t.Context())
	if now, _ := c.Generation(t.Context()); err != nil || before != generation || after == before || now != after {
		t.Errorf("%q became %q, which reads %q: %v", before, after, now, err)
	}
	n := 0
	err = c.Read(t.Context(), store.Query{Point: "a/b/air", Quantity: sensors.Temperature, From: at, To: at.Add(time.Hour)}, func(store.Record) bool { n++; return true })
	if err != nil || n != 2 {
		t.Errorf("the copy holds %d readings: %v", n, err)
	}
	if _, err := c.Write(t.Context(), []store.Record{record(2), record(3)}); err != nil { // offered again, one of them known
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyRefusesADamagedStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readings.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-4096], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), path); err == nil {
		t.Error("a store that lost its last page was taken for whole")
	}
	if err := Copy(t.Context(), filepath.Join(t.TempDir(), "none"), path+".copy"); err == nil {
		t.Error("a store that is not there was copied")
	}
}

package state

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func TestCopyIsWholeWhileTheCountyIsWrittenTo(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "B-before", room, noon.Add(-time.Hour))
	stop, writing := make(chan struct{}), sync.WaitGroup{}
	writing.Go(func() { // as the collector does meanwhile
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				must(t, c.SaveStatus(t.Context(), wire.Status{Gateway: "gw-1", Site: "s1", Online: true, Next: uint64(n)}, noon))
			}
		}
	})
	to := filepath.Join(t.TempDir(), "copy.db")
	head, err := Copy(t.Context(), c.path, to)
	close(stop)
	writing.Wait()
	must(t, err)
	must(t, c.VerifyAuditAgainst(t.Context(), head)) // the original went through the copy's end
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v: people's names are for the owner alone", info.Mode(), err)
	}
	if left, _ := filepath.Glob(to + "-*"); len(left) > 0 {
		t.Errorf("the copy is not settled: %v", left)
	}
	copied := reopen(t, to, c.clock)
	if b, err := copied.Batch(t.Context(), "B-before"); err != nil || b.Where() != room {
		t.Errorf("%+v %v", b, err)
	}
	if _, err := Copy(t.Context(), c.path, to); err == nil {
		t.Error("a copy was written over")
	}
}

func TestCopyRefusesWhatIsNoCountyAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	must(t, os.WriteFile(text, bytes.Repeat([]byte("no database "), 200), 0o600))
	empty := filepath.Join(dir, "empty")
	must(t, os.WriteFile(empty, nil, 0o600))
	for _, from := range []string{text, empty, filepath.Join(dir, "none")} {
		to := filepath.Join(dir, "copy")
		if _, err := Copy(t.Context(), from, to); err == nil {
			t.Errorf("%s was copied", from)
		}
		if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s left a copy", from)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error("copying made the original")
	}
}

func TestCopyOfATamperedAuditIsRefused(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "B1", room, noon.Add(-time.Hour))
	raw := other(t, c.path)
	run(t, raw, "DROP TRIGGER audit_never_changed")
	run(t, raw, `UPDATE audit SET actor_id = 'somebody else' WHERE action = 'batch.created'`)
	to := filepath.Join(t.TempDir(), "copy.db")
	_, err := Copy(t.Context(), c.path, to)
	var broken *AuditBreak
	if !errors.As(err, &broken) {
		t.Errorf("%v", err)
	}
}

func TestVerifyFindsADamagedPage(t *testing.T) {
	c := open(t)
	for i := range 200 {
		c.mustCreate(t, "B"+strings.Repeat("x", 20)+string(rune('a'+i%26))+string(rune('a'+i/26)), room, noon.Add(-time.Hour))
	}
	to := filepath.Join(t.TempDir(), "copy.db")
	_, err := Copy(t.Context(), c.path, to)
	must(t, err)
	whole, err := os.ReadFile(to)
	must(t, err)
	found := 0
	for page := 1; page < len(whole)/4096; page++ {
		torn := bytes.Clone(whole)
		for i := range 64 { // the head of a page: its cells are no longer where it says
			torn[page*4096+i] ^= 0x5a
		}
		must(t, os.WriteFile(to, torn, 0o600))
		if _, err := Verify(t.Context(), to); err != nil {
			found++
		}
	}
	if want := len(whole)/4096 - 1; found != want {
		t.Errorf("of %d damaged pages %d were found", want, found)
	}
}

func TestBackupAndRestoreAreRemembered(t *testing.T) {
	c := open(t)
	if _, ok, err := c.LastBackup(t.Context()); ok || err != nil {
		t.Errorf("a county that was never backed up: %v %v", ok, err)
	}
	head, err := c.AuditHead(t.Context())
	must(t, err)
	made := Backup{At: noon.Add(time.Minute), Where: "/mnt/backup/2026-11-23", Head: head}
	must(t, NoteBackup(t.Context(), c.path, keeper, made)) // from another process
	got, ok, err := c.LastBackup(t.Context())
	if must(t, err); !ok || !got.At.Equal(made.At) || got.Where != made.Where || got.Head.Seq != head.Seq || !bytes.Equal(got.Head.Hash, head.Hash) {
		t.Errorf("%+v %v", got, ok)
	}
	c.mustCreate(t, "B1", room, noon.Add(-time.Hour)) // the running county writes on behind the other's row
	must(t, c.NoteRestore(t.Context(), keeper, made, "GENERATION2"))
	must(t, c.VerifyAudit(t.Context()))
	rows, err := c.Audit(t.Context(), AuditFilter{Object: made.Where})
	must(t, err)
	if len(rows) != 2 || rows[0].Action != "county.backed-up" || rows[1].Action != "county.restored" || rows[1].Actor != keeper || !strings.Contains(rows[1].Detail, "GENERATION2") {
		t.Errorf("%+v", rows)
	}
}

func TestInUseTellsWhetherTheCountyRuns(t *testing.T) {
	c := open(t)
	used := func() bool {
		t.Helper()
		used, err := InUse(t.Context(), c.path)
		must(t, err)
		return used
	}
	if !used() {
		t.Error("an open county is free")
	}
	must(t, c.Close())
	if used() {
		t.Error("a closed county is in use")
	}
	must(t, os.WriteFile(c.path, []byte("torn, and no database any more; but longer than a header of one hundred bytes, which SQLite reads first."), 0o600))
	if used() {
		t.Error("a destroyed county is in use")
	}
	must(t, os.Remove(c.path))
	if used() {
		t.Error("a missing county is in use")
	}
}

func TestBackupOfAnOlderVersionIsNotMigrated(t *testing.T) {
	path := version1(t)
	to := filepath.Join(t.TempDir(), "copy.db")
	_, err := Copy(t.Context(), path, to)
	must(t, err)
	for _, name := range []string{path, to} {
		var version int
		db, err := sql.Open("sqlite", name)
		must(t, err)
		must(t, db.QueryRow("PRAGMA user_version").Scan(&version))
		must(t, db.Close())
		if version != 1 {
			t.Errorf("%s has version %d", name, version)
		}
	}
}

package tool

import (
	"bytes"
	"crypto/ed25519"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/evidence"
	"coldchain/gateway/files"
	"coldchain/gateway/state"
	"coldchain/gateway/store/sqlite"
)

var (
	noon   = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	keeper = state.Actor{Kind: state.Person, ID: "qiqige"}
)

func atNoon() time.Time { return noon }

// small is a county with one batch, and a backup of it.
type small struct {
	t          *testing.T
	config     *config.County
	copy       string
	generation string
	photo      string // its name in the data
	key        ed25519.PublicKey
	fresh      bool // the data was empty before the restore
}

func newSmall(t *testing.T) *small {
	t.Helper()
	dir := t.TempDir()
	c := &small{t: t, copy: filepath.Join(dir, "copy"), config: &config.County{County: "hangjin", Data: filepath.Join(dir, "data"), Web: config.Web{Listen: "127.0.0.1:0"}}}
	c.must(os.Mkdir(c.config.Data, 0o750))
	c.book("B-before")
	c.papers()
	s, err := sqlite.Open(t.Context(), c.path(readingsFile))
	c.must(err)
	c.generation, err = s.Generation(t.Context())
	c.must(err)
	c.must(s.Close())
	m, err := backup(t.Context(), backupOrder{config: c.config, to: c.copy, by: keeper, version: "test", now: atNoon})
	c.must(err)
	if m.Audit.Seq == 0 || len(m.Files) != 6 || len(m.Lost) != 0 {
		t.Fatalf("%+v", m)
	}
	return c
}

const certificate1 = "certificates/C-2026-0001.json"

// papers are what a county has beside its databases: a photo, a key and a
// certificate, and drafts of them that are no files yet.
func (c *small) papers() {
	c.t.Helper()
	f, err := files.New(c.path(papersFolder)).Put(c.t.Context(), strings.NewReader("\xff\xd8\xff a photo"))
	c.must(err)
	c.photo = papersFolder + "/" + f.Sum[:2] + "/" + f.Sum
	k, err := evidence.OpenKeyring(c.path(evidence.KeysFolder), "hangjin", noon)
	c.must(err)
	c.key = k.Public()
	c.must(os.Mkdir(c.path(certificatesFolder), 0o750))
	for name, text := range map[string]string{certificate1: "{}", "certificates/.C-2026-0002.json": "half", "keys/keys.json.new": "half", papersFolder + "/" + f.Sum[:2] + "/.new-1": "half"} {
		c.must(os.WriteFile(c.path(name), []byte(text), 0o600))
	}
}

// hasPapers finds everything that papers made, with the same key.
func (c *small) hasPapers() {
	c.t.Helper()
	for name, want := range map[string]string{c.photo: "\xff\xd8\xff a photo", certificate1: "{}"} {
		if text, err := os.ReadFile(c.path(name)); err != nil || string(text) != want {
			c.t.Errorf("%s: %q %v", name, text, err)
		}
	}
	if _, err := os.Stat(c.path("certificates/.C-2026-0002.json")); err == nil && c.fresh {
		c.t.Error("a draft was backed up")
	}
	info, err := os.Stat(c.path("keys/county.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		c.t.Errorf("the private key: %v %v", info, err)
	}
	k, err := evidence.OpenKeyring(c.path(evidence.KeysFolder), "hangjin", noon) // refuses one that others can read
	if err != nil || !k.Public().Equal(c.key) {
		c.t.Errorf("the county has another key: %v", err)
	}
}

func (c *small) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *small) path(name string) string { return filepath.Join(c.config.Data, name) }

func (c *small) book(id string) {
	c.t.Helper()
	db, err := state.Open(c.t.Context(), c.path(countyFile), atNoon)
	c.must(err)
	_, err = db.CreateBatch(c.t.Context(), keeper, state.IdempotencyKey(id), batch.Batch{ID: id, Product: "x", Created: noon}, &batch.Custody{Batch: id, Zone: "a/b", From: noon})
	c.must(err)
	c.must(db.Close())
}

// batches are those of the state as it stands, whose audit must hold.
func (c *small) batches() string {
	c.t.Helper()
	db, err := state.Open(c.t.Context(), c.path(countyFile), atNoon)
	c.must(err)
	defer db.Close()
	c.must(db.VerifyAudit(c.t.Context()))
	found, err := db.Batches(c.t.Context(), state.BatchFilter{})
	c.must(err)
	var ids []string
	for _, b := range found {
		ids = append(ids, b.ID)
	}
	return strings.Join(ids, " ")
}

func (c *small) restore(change func(*restoreOrder)) (said string, err error) {
	o := restoreOrder{config: c.config, from: c.copy, by: keeper, now: atNoon}
	if change != nil {
		change(&o)
	}
	var out bytes.Buffer
	err = restore(c.t.Context(), o, &out)
	return out.String(), err
}

func force(o *restoreOrder) { o.force = true }

func (c *small) newGeneration() {
	c.t.Helper()
	s, err := sqlite.Open(c.t.Context(), c.path(readingsFile))
	c.must(err)
	defer s.Close()
	if g, err := s.Generation(c.t.Context()); err != nil || g == c.generation {
		c.t.Errorf("the store is still generation %s: %v", g, err)
	}
}

func TestRestoreIntoAnEmptyFolder(t *testing.T) {
	c := newSmall(t)
	c.must(os.RemoveAll(c.config.Data))
	c.fresh = true
	if said, err := c.restore(nil); err != nil || strings.Contains(said, "is kept in") {
		t.Fatalf("%s %v", said, err)
	}
	if got := c.batches(); got != "B-before" {
		t.Errorf("batches %q", got)
	}
	c.newGeneration()
	c.hasPapers()
	db, err := state.Open(t.Context(), c.path(countyFile), atNoon)
	c.must(err)
	defer db.Close()
	rows, err := db.Audit(t.Context(), state.AuditFilter{Object: c.copy})
	if err != nil || len(rows) != 1 || rows[0].Action != "county.restored" || rows[0].Actor != keeper {
		t.Errorf("the audit says %+v %v", rows, err)
	}
	if last, ok, err := db.LastBackup(t.Context()); err != nil || !ok || !last.At.Equal(noon) {
		t.Errorf("last backup %+v %v %v", last, ok, err)
	}
	left, err := os.ReadDir(c.config.Data)
	c.must(err)
	for _, e := range left {
		if name := e.Name(); !slices.Contains(wholeFolders(), name) && !strings.HasPrefix(name, countyFile) && !strings.HasPrefix(name, readingsFile) {
			t.Errorf("left behind: %s", name)
		}
	}
}

func TestRestoreKeepsWhatWasThereAside(t *testing.T) {
	c := newSmall(t)
	c.book("B-after")
	if _, err := c.restore(nil); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Fatalf("without --force: %v", err)
	}
	if got := c.batches(); got != "B-after B-before" && got != "B-before B-after" {
		t.Errorf("a refused restore changed the county: %q", got)
	}
	// A log that a killed collector left must not be played into the new file.
	c.must(os.WriteFile(c.path(readingsFile), bytes.Repeat([]byte("torn"), 500), 0o600))
	c.must(os.WriteFile(c.path(readingsFile)+"-wal", []byte("of another file"), 0o600))
	said, err := c.restore(force)
	if err != nil || !strings.Contains(said, "before-restore-20261123T040000Z") {
		t.Fatalf("%s %v", said, err)
	}
	if got := c.batches(); got != "B-before" {
		t.Errorf("batches %q", got)
	}
	c.newGeneration()
	aside := &small{t: t, config: &config.County{Data: c.path("before-restore-20261123T040000Z")}}
	if got := aside.batches(); !strings.Contains(got, "B-after") {
		t.Errorf("aside lie the batches %q", got)
	}
	if torn, err := os.ReadFile(aside.path(readingsFile)); err != nil || !bytes.HasPrefix(torn, []byte("torntorn")) {
		t.Errorf("the destroyed store is not kept: %v", err)
	}
}

// TestRestoreKeepsPapersOfSince: what came after the backup stays, a key that was
// rotated since goes on signing, and what was changed is put right.
func TestRestoreKeepsPapersOfSince(t *testing.T) {
	c := newSmall(t)
	k, err := evidence.OpenKeyring(c.path(evidence.KeysFolder), "hangjin", noon)
	c.must(err)
	c.must(k.Rotate(noon.Add(time.Hour)))
	c.key = k.Public()
	later, err := files.New(c.path(papersFolder)).Put(t.Context(), strings.NewReader("%PDF- later"))
	c.must(err)
	c.must(os.WriteFile(c.path(certificate1), []byte("forged"), 0o600))
	if _, err := c.restore(force); err != nil {
		t.Fatal(err)
	}
	c.hasPapers()
	if r, _, err := files.New(c.path(papersFolder)).Open(later.Sum); err != nil {
		t.Errorf("a paper of since: %v", err)
	} else {
		c.must(r.Close())
	}
	if forged, err := os.ReadFile(filepath.Join(c.path("before-restore-20261123T040000Z"), certificate1)); err != nil || string(forged) != "forged" {
		t.Errorf("what was there is not kept aside: %q %v", forged, err)
	}
}

// TestRestoreBringsTheKeyBack: a new machine has made a key of its own before.
func TestRestoreBringsTheKeyBack(t *testing.T) {
	c := newSmall(t)
	c.must(os.RemoveAll(c.path(evidence.KeysFolder)))
	_, err := evidence.OpenKeyring(c.path(evidence.KeysFolder), "hangjin", noon)
	c.must(err)
	if _, err := c.restore(force); err != nil {
		t.Fatal(err)
	}
	c.hasPapers()
	if _, err := os.Stat(filepath.Join(c.path("before-restore-20261123T040000Z"), "keys/county.pem")); err != nil {
		t.Errorf("the other key is not kept aside: %v", err)
	}
}

// TestABackupNamesAPaperThatWasChanged: the rest is backed up all the same.
func TestABackupNamesAPaperThatWasChanged(t *testing.T) {
	c := newSmall(t)
	c.must(os.WriteFile(c.path(c.photo), []byte("\xff\xd8\xff another photo"), 0o600))
	m, err := backup(t.Context(), backupOrder{config: c.config, to: filepath.Join(t.TempDir(), "second"), by: keeper, now: atNoon})
	if err == nil || !strings.Contains(err.Error(), c.photo) || len(m.Files) != 5 || len(m.Lost) != 1 {
		t.Errorf("%+v %v", m, err)
	}
}

func TestRestoreOfTheStateAloneKeepsTheReadings(t *testing.T) {
	c := newSmall(t)
	before, err := os.Stat(c.path(readingsFile))
	c.must(err)
	c.must(os.Remove(c.path(countyFile)))
	_, err = c.restore(func(o *restoreOrder) { o.keepReadings = true })
	c.must(err)
	after, err := os.Stat(c.path(readingsFile))
	c.must(err)
	if !os.SameFile(before, after) {
		t.Error("readings.db was replaced")
	}
	c.newGeneration()
}

func TestRestoreRefuses(t *testing.T) {
	edit := func(name string, change func([]byte) []byte) func(*small) {
		return func(c *small) {
			path := filepath.Join(c.copy, name)
			text, err := os.ReadFile(path)
			c.must(err)
			c.must(os.WriteFile(path, change(text), 0o600))
		}
	}
	say := func(old, new string) func(*small) {
		return edit(manifestFile, func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) })
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	tests := map[string]struct {
		spoil func(*small)
		want  string
	}{
		"a folder without a manifest":    {func(c *small) { c.must(os.Remove(filepath.Join(c.copy, manifestFile))) }, "not a backup"},
		"a manifest that is no JSON":     {edit(manifestFile, func(b []byte) []byte { return b[:len(b)/2] }), manifestFile},
		"a later format":                 {say("backup 1", "backup 2"), "format"},
		"another county's":               {say(`"hangjin"`, `"dalad"`), "dalad"},
		"another kind of store":          {say(`"embedded"`, `"influxdb"`), "influxdb"},
		"a flipped bit in the state":     {edit(countyFile, flip), "not the file that was backed up"},
		"a flipped bit in the readings":  {edit(readingsFile, flip), "not the file that was backed up"},
		"a file cut short":               {edit(readingsFile, func(b []byte) []byte { return b[:4096] }), "not the file that was backed up"},
		"an audit that ends elsewhere":   {say(`"seq": `, `"seq": 1`), "the manifest says"},
		"a file that is not there":       {func(c *small) { c.must(os.Remove(filepath.Join(c.copy, countyFile))) }, countyFile},
		"a flipped bit in a certificate": {edit(certificate1, flip), "not the file that was backed up"},
		"a flipped bit in a key":         {edit("keys/county.pem", flip), "not the file that was backed up"},
		"a paper that leads elsewhere":   {say(`"name": "certificates/`, `"name": "certificates/../../`), "no file of a backup"},
		"a paper of another folder":      {say(`"name": "certificates/`, `"name": "secrets/`), "no file of a backup"},
		"a name that leads elsewhere":    {say(`"name": "county.db"`, `"name": "../county.db"`), "lists no county.db"},
		"a county whose address is held": {holdAddress, "stop it first"},
		"a county whose state is open":   {holdState, "stop the collector first"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newSmall(t)
			tt.spoil(c)
			_, err := c.restore(force)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("want an error with %q, got %v", tt.want, err)
			}
			if got := c.batches(); got != "B-before" {
				t.Errorf("batches %q", got)
			}
			left, _ := filepath.Glob(filepath.Join(c.config.Data, "*restor*"))
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func holdAddress(c *small) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.must(err)
	c.t.Cleanup(func() { _ = l.Close() })
	c.config.Web.Listen = l.Addr().String()
}

func holdState(c *small) {
	db, err := state.Open(c.t.Context(), c.path(countyFile), atNoon)
	c.must(err)
	c.t.Cleanup(func() { _ = db.Close() })
}

func TestBackupLeavesNothingHalf(t *testing.T) {
	c := newSmall(t)
	order := backupOrder{config: c.config, to: c.copy, by: keeper, now: atNoon}
	if _, err := backup(t.Context(), order); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder that holds a backup: %v", err)
	}
	c.must(os.WriteFile(c.path(readingsFile), []byte("destroyed"), 0o600))
	order.to = filepath.Join(t.TempDir(), "second")
	if _, err := backup(t.Context(), order); err == nil {
		t.Error("a destroyed store was backed up")
	}
	if left, err := os.ReadDir(order.to); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

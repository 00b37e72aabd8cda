package tool

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate"
	"coldchain/gateway/evidence/evidencetest"
	"coldchain/gateway/evidence/timestamp"
	"coldchain/gateway/evidence/timestamp/timestamptest"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// said is one command line: what it printed, and its status.
func said(args ...string) (string, int) {
	status, out, errs := runTool(args...)
	return out + errs, status
}

func textFile(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVerifyCertificate(t *testing.T) {
	envelope := evidencetest.Envelope(evidencetest.Eventful)
	path := textFile(t, "a.json", envelope)
	public := evidencetest.Key().Public().(ed25519.PublicKey)
	other, _, _ := ed25519.GenerateKey(nil)
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"its own key":           {nil, 0, "compare its fingerprint"},
		"fingerprint":           {[]string{"--key", strings.ToLower(evidence.Fingerprint(public))}, 0, "the key you gave"},
		"another fingerprint":   {[]string{"--key", evidence.Fingerprint(other)}, 1, "SOMEBODY ELSE"},
		"public key":            {[]string{"--key", base64.StdEncoding.EncodeToString(public)}, 0, "the key you gave"},
		"another key":           {[]string{"--key", base64.StdEncoding.EncodeToString(other)}, 1, "SOMEBODY ELSE"},
		"no key":                {[]string{"--key", "letters"}, 1, "no file of keys"},
		"a certificate as keys": {[]string{"--key", path}, 1, "--key"},
	} {
		out, status := said(append([]string{"verify", path}, c.args...)...)
		if status != c.status || !strings.Contains(strings.ToUpper(out), strings.ToUpper(c.says)) {
			t.Errorf("%s: %d %s", name, status, out)
		}
	}
	altered := textFile(t, "b.json", bytes.Replace(envelope, []byte(`"quantity":"240 kg"`), []byte(`"quantity":"340 kg"`), 1))
	out, status := said("verify", altered)
	if status != 1 || !strings.Contains(out, "CHANGED    /batch/quantity \"340 kg\"") || !strings.Contains(out, "NOT VERIFIED") {
		t.Errorf("%d %s", status, out)
	}
}

// A time stamp that openssl made is checked against openssl's root.
func TestVerifyTimeStamp(t *testing.T) {
	a := timestamptest.New(t)
	envelope := evidencetest.Envelope(evidencetest.Calm)
	path := textFile(t, "a.json", envelope)
	sum, err := evidence.SHA256(envelope)
	if err != nil {
		t.Fatal(err)
	}
	var digest [32]byte
	if _, err := hex.Decode(digest[:], []byte(sum)); err != nil {
		t.Fatal(err)
	}
	stamp := func(name string, digest [32]byte) {
		q, err := timestamp.NewRequest(digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), a.Reply(q.DER), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, status := said("verify", path, "--authority", a.CAFile); status != 1 || !strings.Contains(out, "the time stamp") {
		t.Errorf("none: %d %s", status, out)
	}
	stamp("a.tsr", digest)
	other := filepath.Join(filepath.Dir(path), "other.tsr")
	stamp("other.tsr", [32]byte{1})
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no root":              {nil, 0, "NOT CHECKED"},
		"its root":             {[]string{"--authority", a.CAFile}, 0, "it existed at "},
		"another root":         {[]string{"--authority", a.Root("stranger")}, 1, "not of an authority that you trust"},
		"of another paper":     {[]string{"--authority", a.CAFile, "--timestamp", other}, 1, "is of something else"},
		"a root that is none":  {[]string{"--authority", path}, 1, "holds no certificate"},
		"a stamp that is gone": {[]string{"--authority", a.CAFile, "--timestamp", other + "x"}, 1, "no such file"},
	} {
		if out, status := said(append([]string{"verify", path}, c.args...)...); status != c.status || !strings.Contains(out, c.says) {
			t.Errorf("%s: %d %s", name, status, out)
		}
	}
}

func TestVerifyWithPublishedKeys(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	ring, err := evidence.OpenKeyring(folder, "hangjin", evidencetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := ring.Sign(evidencetest.Document(evidencetest.Calm))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(evidencetest.Start.Add(1000 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	keys, err := json.Marshal(ring.Published())
	if err != nil {
		t.Fatal(err)
	}
	out, status := said("verify", textFile(t, "a.json", envelope), "--key", textFile(t, "keys.json", keys))
	if status != 0 || !strings.Contains(out, "the key you gave") {
		t.Errorf("%d %s", status, out)
	}
	if out, status := said("verify", textFile(t, "b.json", evidencetest.Envelope(evidencetest.Calm)), "--key", textFile(t, "keys.json", keys)); status != 1 {
		t.Errorf("a stranger's verifies: %s", out)
	}
}

func TestVerifyPDF(t *testing.T) {
	fonts, err := certificate.LoadFonts()
	if err != nil {
		evidencetest.Lacks(t, err.Error())
	}
	d, envelope := evidencetest.Document(evidencetest.Calm), evidencetest.Envelope(evidencetest.Calm)
	draw := func(d evidence.Document) []byte {
		var b bytes.Buffer
		if err := certificate.PDF(&b, fonts, d, evidencetest.Key().Public().(ed25519.PublicKey), envelope); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if out, status := said("verify", textFile(t, "a.pdf", draw(d))); status != 0 || !strings.Contains(out, "drawn from the signed data") {
		t.Errorf("%d %s", status, out)
	}
	d.Batch.Quantity = "340 kg"
	if out, status := said("verify", textFile(t, "a.pdf", draw(d))); status != 1 || !strings.Contains(out, "pages      ALTERED") {
		t.Errorf("%d %s", status, out)
	}
}

func TestVerifyAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "county.db")
	head := writeAudit(t, path, 5)
	out, status := said("verify", "--audit", path)
	if status != 0 || !strings.Contains(out, "holds from the first row") || !strings.Contains(out, "Keep this head elsewhere") || !strings.Contains(out, "each of these tables has: access_used, alarms, attempts, ") {
		t.Fatalf("%d %s", status, out)
	}
	_, kept, _ := strings.Cut(strings.Split(out, "\n")[1], " ")
	if out, status := said("verify", "--audit", path, "--against", kept); status != 0 || !strings.Contains(out, "as it was kept") {
		t.Errorf("%d %s", status, out)
	}
	d := evidencetest.Input(evidencetest.Calm)
	d.Head = head
	built, err := evidence.Build(d)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := evidence.Sign(built, evidencetest.Key())
	if err != nil {
		t.Fatal(err)
	}
	held := textFile(t, "a.json", envelope)
	if out, status := said("verify", "--audit", path, "--against", held); status != 0 {
		t.Errorf("against a certificate: %s", out)
	}
	shorter := filepath.Join(t.TempDir(), "county.db")
	writeAudit(t, shorter, 3)
	if out, status := said("verify", "--audit", shorter, "--against", held); status != 1 || !strings.Contains(out, "audit row") {
		t.Errorf("a chain that was cut off: %d %s", status, out)
	}
	// A row of a table, which the audit has a digest of.
	db, err := sql.Open("sqlite", path) // as somebody with the sqlite3 shell would
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "DROP TRIGGER frozen_never_deleted; DELETE FROM frozen WHERE reference = 'CC-b'")
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if out, status := said("verify", "--audit", path); status != 1 || !strings.Contains(out, "ALTERED frozen 'CC-b': gone") {
		t.Errorf("a row taken out of a table: %d %s", status, out)
	}
	// One byte, in a detail.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(text, []byte(`"from":"2026-11-23T02:30:00Z"`))
	if i < 0 {
		t.Fatal("no such row")
	}
	text[i+8+18] ^= 1
	if out, status := said("verify", "--audit", textFile(t, "county.db", text)); status != 1 || !strings.Contains(out, "audit row") {
		t.Errorf("an altered byte: %d %s", status, out)
	}
}

// writeAudit makes a county.db with n frozen references and returns its head.
func writeAudit(t *testing.T, path string, n int) state.AuditHead {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	db, err := state.Open(ctx, path, func() time.Time { return evidencetest.Start })
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		_, _, err := db.Freeze(ctx, state.Actor{Kind: state.Person, ID: "qiqige"}, "CC-"+string(rune('a'+i)), []state.FrozenRange{
			{Point: "a/b/c", Quantity: sensors.Temperature, From: evidencetest.Start, To: evidencetest.Start.Add(time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	head, err := db.AuditHead(ctx)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return head
}

package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/evidencetest"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func open(t *testing.T, folder string, at time.Time) *evidence.Keyring {
	t.Helper()
	k, err := evidence.OpenKeyring(folder, "hangjin", at)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeysAreMadeOnceAndRotated(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	first := open(t, folder, noon)
	info, err := os.Stat(filepath.Join(folder, "county.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	if again := open(t, folder, noon.Add(time.Hour)); !again.Public().Equal(first.Public()) {
		t.Error("opening again made another key")
	}
	old, err := first.Sign(evidencetest.Document(evidencetest.Undecided))
	if err != nil {
		t.Fatal(err)
	}
	before := first.Public()
	if err := first.Rotate(noon.Add(24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	if first.Public().Equal(before) {
		t.Error("rotating kept the key")
	}
	again := open(t, folder, noon.Add(48*time.Hour))
	keys := again.Published().Keys
	if len(keys) != 2 || !again.Public().Equal(first.Public()) || keys[0].Until == nil || !keys[0].Until.Equal(keys[1].From) || keys[1].Until != nil {
		t.Fatalf("%+v", keys)
	}
	// What the old key signed verifies by the published list, at the old time alone.
	at := again.Published().At(noon.Add(time.Hour))
	if len(at) != 1 || !at[0].Equal(before) {
		t.Fatalf("an hour after the first key: %v", at)
	}
	if r, err := evidence.Verify(bytes.NewReader(old), at...); err != nil || !r.Intact() {
		t.Errorf("%+v %v", r, err)
	}
	if r, _ := evidence.Verify(bytes.NewReader(old), again.Published().At(noon.Add(72*time.Hour))...); r.Intact() {
		t.Error("the old key verifies at a time when it did not sign any more")
	}
}

func TestPublishedKeysAreChecked(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	k := open(t, folder, noon)
	if err := k.Rotate(noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(k.Published())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.ParsePublicKeys(text); err != nil {
		t.Fatal(err)
	}
	stranger, _, _ := ed25519.GenerateKey(nil)
	other := k.Published()
	other.Keys = append([]evidence.PublicKey{}, other.Keys...)
	other.Keys[1].Key, other.Keys[1].Fingerprint = keyText(stranger), evidence.Fingerprint(stranger)
	forged, _ := json.Marshal(other)
	for name, text := range map[string]string{
		"a key that the one before did not endorse": string(forged),
		"fingerprint":   strings.Replace(string(text), k.Published().Keys[0].Fingerprint[:4], "0000", 1),
		"a gap in time": strings.Replace(string(text), `"until":"2026-11-23T05:00:00Z"`, `"until":"2026-11-23T04:59:59Z"`, 1),
		"no list":       `{}`,
	} {
		if _, err := evidence.ParsePublicKeys([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// keyText is how a key is published.
func keyText(k ed25519.PublicKey) string {
	b, _ := json.Marshal([]byte(k))
	return strings.Trim(string(b), `"`)
}

// A rotation that a power cut broke off is finished when the list names the new
// key, and undone when it does not.
func TestBrokenRotation(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	k := open(t, folder, noon)
	file := func(name string) string { return filepath.Join(folder, name) }
	oldPrivate, oldList := read(t, file("county.pem")), read(t, file("keys.json"))
	if err := k.Rotate(noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	newPrivate := read(t, file("county.pem"))
	write(t, file("county.pem"), oldPrivate)
	write(t, file("county.next.pem"), newPrivate)
	if got := open(t, folder, noon.Add(2*time.Hour)); !got.Public().Equal(k.Public()) {
		t.Error("a rotation whose list was durable was not finished")
	}
	write(t, file("county.pem"), oldPrivate)
	write(t, file("keys.json"), oldList)
	write(t, file("county.next.pem"), newPrivate)
	if got := open(t, folder, noon.Add(2*time.Hour)); got.Public().Equal(k.Public()) || len(got.Published().Keys) != 1 {
		t.Error("a rotation whose list was never written took place")
	}
}

func TestKeysRefused(t *testing.T) {
	for name, spoil := range map[string]func(folder string){
		"readable by others": func(f string) { must(t, os.Chmod(filepath.Join(f, "county.pem"), 0o644)) },
		"private key lost":   func(f string) { must(t, os.Remove(filepath.Join(f, "county.pem"))) },
		"list lost":          func(f string) { must(t, os.Remove(filepath.Join(f, "keys.json"))) },
		"another's list": func(f string) {
			other := filepath.Join(t.TempDir(), "keys")
			open(t, other, noon)
			write(t, filepath.Join(f, "keys.json"), read(t, filepath.Join(other, "keys.json")))
		},
	} {
		folder := filepath.Join(t.TempDir(), "keys")
		open(t, folder, noon)
		spoil(folder)
		if _, err := evidence.OpenKeyring(folder, "hangjin", noon); err == nil {
			t.Errorf("%s: opened", name)
		} else if !strings.Contains(err.Error(), "keys") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	must(t, os.WriteFile(path, text, 0o600))
}

// What is published can be read back and trusted, and holds no private key.
func TestKeysArePublished(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	k := open(t, folder, noon)
	must(t, k.Rotate(noon.Add(time.Hour)))
	w := httptest.NewRecorder()
	evidence.KeysHandler(k.Published).ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/keys", nil))
	got, err := evidence.ParsePublicKeys(w.Body.Bytes())
	if err != nil || len(got.Keys) != 2 || got.County != "hangjin" {
		t.Errorf("%+v %v", got, err)
	}
	block, _ := pem.Decode(read(t, filepath.Join(folder, "county.pem")))
	seed := block.Bytes[len(block.Bytes)-ed25519.SeedSize:]
	if bytes.Contains(w.Body.Bytes(), []byte(base64.StdEncoding.EncodeToString(seed))) {
		t.Error("the private key is published")
	}
}

package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// KeysFolder is the name of the folder of keys in a county's data.
const KeysFolder = "keys"

const (
	privateFile = "county.pem"      // PKCS #8, PEM; 0600
	nextFile    = "county.next.pem" // of a rotation under way
	publicFile  = "keys.json"
)

// PublicKey is a key of the county with the time in which it signed.
type PublicKey struct {
	Key         string     `json:"key"` // base64, 32 bytes
	Fingerprint string     `json:"fingerprint"`
	From        time.Time  `json:"from"`
	Until       *time.Time `json:"until"` // nil: the one that signs now
	// Endorsed is the signature of the key before this one over EndorsedBytes:
	// whoever trusts that one may trust this one. Empty for the first.
	Endorsed string `json:"endorsed,omitempty"`
}

// PublicKeys is what a county publishes, oldest first.
type PublicKeys struct {
	Format string      `json:"format"`
	County string      `json:"county"`
	Keys   []PublicKey `json:"keys"`
}

// KeysFormat names the form of what is published.
const KeysFormat = "coldchain keys 1"

// maxKeys bounds what is read: one a month for a hundred years.
const maxKeys = 1200

// Fingerprint is what people compare: the first 128 bits of the SHA-256 of the
// key's 32 bytes, in eight groups.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	text := strings.ToUpper(hex.EncodeToString(sum[:16]))
	var groups []string
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, " ")
}

// Keyring is the county's keys on disk.
type Keyring struct {
	folder string
	key    ed25519.PrivateKey
	public PublicKeys
}

// OpenKeyring reads the keys in a folder; where there are none it makes the
// first one. It refuses a private key that others can read, and one that does
// not belong to the published ones: signing with it would be of no use.
func OpenKeyring(folder, county string, now time.Time) (*Keyring, error) {
	k := &Keyring{folder: folder, public: PublicKeys{Format: KeysFormat, County: county}}
	if err := finishRotation(folder); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, privateFile))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(folder, publicFile)); err == nil {
			return nil, fmt.Errorf("keys: %s has public keys and no %s: restore it from a backup, or move the folder away to begin anew", folder, privateFile)
		}
		return k, k.next(now)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if k.key, err = parsePrivate(filepath.Join(folder, privateFile), text); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if k.public, err = ReadPublicKeys(folder); err != nil {
		return nil, err
	}
	if last := k.public.Keys[len(k.public.Keys)-1]; last.Key != strict.EncodeToString(k.Public()) {
		return nil, fmt.Errorf("keys: %s in %s has fingerprint %s, and the newest published key is %s: restore both files from one backup", privateFile, folder, Fingerprint(k.Public()), last.Fingerprint)
	}
	return k, nil
}

func parsePrivate(path string, text []byte) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (%#o): chmod 600 it; if anybody may have copied it, rotate the key", path, m)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s holds no private key", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no %s key", path, algorithm)
	}
	return private, nil
}

// Rotate makes a new key, which signs from now on, endorsed by the old one. The
// old private key is gone afterwards; its public one is kept.
func (k *Keyring) Rotate(now time.Time) error {
	return k.next(now)
}

func (k *Keyring) next(now time.Time) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	at := now.UTC().Truncate(time.Second)
	p := PublicKey{Key: strict.EncodeToString(public), Fingerprint: Fingerprint(public), From: at}
	list := append([]PublicKey{}, k.public.Keys...)
	if k.key != nil {
		list[len(list)-1].Until = &at
		p.Endorsed = strict.EncodeToString(ed25519.Sign(k.key, EndorsedBytes(public, at)))
	}
	whole := k.public
	whole.Keys = append(list, p)
	if err := k.write(private, whole); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	k.key, k.public = private, whole
	return nil
}

// EndorsedBytes are what the old key signs when a new one takes over.
func EndorsedBytes(key ed25519.PublicKey, from time.Time) []byte {
	return append([]byte("coldchain key 1\n"+strconv.FormatInt(from.Unix(), 10)+"\n"), key...)
}

// write replaces both files. The new private key is durable beside the old one
// before the list that names it is; a rotation that a power cut broke off after
// that is finished by the next OpenKeyring, one broken off before it never was.
func (k *Keyring) write(private ed25519.PrivateKey, public PublicKeys) error {
	if err := os.MkdirAll(k.folder, 0o700); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(public, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(k.folder, nextFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	if err := replace(k.folder, publicFile, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return finishRotation(k.folder)
}

// finishRotation puts the next private key in its place if the published list
// ends with it, and takes it away if not.
func finishRotation(folder string) error {
	next := filepath.Join(folder, nextFile)
	text, err := os.ReadFile(next)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key, err := parsePrivate(next, text)
	if err != nil {
		return err
	}
	public, err := ReadPublicKeys(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if n := len(public.Keys); n == 0 || public.Keys[n-1].Key != strict.EncodeToString(key.Public().(ed25519.PublicKey)) {
		return os.Remove(next)
	}
	if err := os.Rename(next, filepath.Join(folder, privateFile)); err != nil {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// replace writes a file beside, syncs it and renames it.
func replace(folder, name string, text []byte, mode os.FileMode) error {
	path := filepath.Join(folder, name)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// Public is the key that certificates are verified with now.
func (k *Keyring) Public() ed25519.PublicKey {
	return k.key.Public().(ed25519.PublicKey) // crypto/ed25519 returns no other type
}

// Published are all public keys.
func (k *Keyring) Published() PublicKeys { return k.public }

// Sign signs a certificate with the key of now.
func (k *Keyring) Sign(d Document) ([]byte, error) { return Sign(d, k.key) }

// ReadPublicKeys reads the published keys of a folder without touching the
// private one.
func ReadPublicKeys(folder string) (PublicKeys, error) {
	text, err := os.ReadFile(filepath.Join(folder, publicFile))
	if err != nil {
		return PublicKeys{}, fmt.Errorf("keys: %w", err)
	}
	p, err := ParsePublicKeys(text)
	if err != nil {
		return PublicKeys{}, fmt.Errorf("keys: %s: %w", filepath.Join(folder, publicFile), err)
	}
	return p, nil
}

// ParsePublicKeys reads what a county publishes and checks it: fingerprints,
// times without overlap, and each key's endorsement by the one before.
func ParsePublicKeys(text []byte) (PublicKeys, error) {
	var p PublicKeys
	canonical, err := Canonical(text) // no name twice
	if err == nil {
		err = json.Unmarshal(canonical, &p)
	}
	if err != nil {
		return PublicKeys{}, fmt.Errorf("not a list of keys: %w", err)
	}
	if p.Format != KeysFormat || len(p.Keys) == 0 || len(p.Keys) > maxKeys {
		return PublicKeys{}, fmt.Errorf("it says format %.60q and holds %d keys; want %q and at least one", p.Format, len(p.Keys), KeysFormat)
	}
	var before ed25519.PublicKey
	for i, k := range p.Keys {
		key, err := k.Public()
		if err != nil {
			return PublicKeys{}, fmt.Errorf("key %d: %w", i+1, err)
		}
		last := i == len(p.Keys)-1
		if k.Fingerprint != Fingerprint(key) || (k.Until == nil) != last || !last && !k.Until.Equal(p.Keys[i+1].From) {
			return PublicKeys{}, fmt.Errorf("key %d: its fingerprint or its time is not what it should be", i+1)
		}
		if before != nil {
			endorsed, err := strict.DecodeString(k.Endorsed)
			if err != nil || !ed25519.Verify(before, EndorsedBytes(key, k.From), endorsed) {
				return PublicKeys{}, fmt.Errorf("key %d is not endorsed by the key before it", i+1)
			}
		}
		before = key
	}
	return p, nil
}

// Public is the key's 32 bytes.
func (k PublicKey) Public() (ed25519.PublicKey, error) {
	b, err := strict.DecodeString(k.Key)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%.60q is no %s public key in base64", k.Key, algorithm)
	}
	return b, nil
}

// At returns the keys that could have signed at a time: one, or two at the very
// second of a rotation.
func (p PublicKeys) At(t time.Time) (out []ed25519.PublicKey) {
	for _, k := range p.Keys {
		if t.Before(k.From) || k.Until != nil && t.After(k.Until.Add(time.Second)) {
			continue
		}
		if key, err := k.Public(); err == nil { // Parse has seen it
			out = append(out, key)
		}
	}
	return out
}

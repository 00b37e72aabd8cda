package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Envelope is a signed certificate as it lies in a file, NUMBER.json.
type Envelope struct {
	Format    string          `json:"format"`
	Document  json.RawMessage `json:"document"`
	Seal      json.RawMessage `json:"seal"`
	Signature Signature       `json:"signature"`
}

// Signature is the county's, over the seal.
type Signature struct {
	Algorithm string `json:"algorithm"` // Ed25519 (RFC 8032)
	Key       string `json:"key"`       // public key, base64
	Value     string `json:"value"`     // base64
}

const algorithm = "Ed25519"

// strict refuses the bits of base64 that mean nothing: nothing in an envelope
// can be changed without being found.
var strict = base64.StdEncoding.Strict()

// Sign seals a document, signs the seal and returns the envelope in canonical
// form. The same document and key give the same bytes.
func Sign(d Document, key ed25519.PrivateKey) ([]byte, error) {
	document, err := canonicalOf(d)
	if err != nil {
		return nil, fmt.Errorf("sign certificate %s: %w", d.Number, err)
	}
	s, err := sealOf(d.Number, document)
	if err != nil {
		return nil, fmt.Errorf("sign certificate %s: %w", d.Number, err)
	}
	seal, err := canonicalOf(s)
	if err != nil {
		return nil, fmt.Errorf("sign certificate %s: %w", d.Number, err)
	}
	e := Envelope{Format: Format, Document: document, Seal: seal, Signature: Signature{
		Algorithm: algorithm,
		Key:       strict.EncodeToString(key.Public().(ed25519.PublicKey)), // crypto/ed25519 returns no other type
		Value:     strict.EncodeToString(ed25519.Sign(key, signedBytes(seal))),
	}}
	return canonicalOf(e)
}

// SHA256 is what a correction calls the envelope that it supersedes: the hash
// of its canonical form, hexadecimal.
func SHA256(envelope []byte) (string, error) {
	text, err := Canonical(envelope)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// parse reads an envelope, which may have been laid out anew: its values count.
func parse(text []byte) (Envelope, error) {
	whole, err := Canonical(text)
	if err != nil {
		return Envelope{}, fmt.Errorf("it is not JSON that can be trusted: %w", err)
	}
	var e Envelope
	// The decoder of encoding/json takes a name in whatever case; the names of an
	// envelope are these four and no other.
	if err := onlyNames(whole, "document", "format", "seal", "signature"); err != nil {
		return Envelope{}, err
	}
	d := json.NewDecoder(bytes.NewReader(whole))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return Envelope{}, fmt.Errorf("it is no certificate: %w", err)
	}
	if e.Format != Format {
		return Envelope{}, fmt.Errorf("it says format %.60q; this program reads %q", e.Format, Format)
	}
	signature, err := canonicalOf(e.Signature)
	if err != nil {
		return Envelope{}, err
	}
	if !bytes.Contains(whole, append([]byte(`"signature":`), signature...)) {
		return Envelope{}, fmt.Errorf("its signature is not written as this program writes it")
	}
	return e, nil
}

// onlyNames checks the names of canonical JSON's outermost object.
func onlyNames(object []byte, names ...string) error {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return fmt.Errorf("it is no JSON object (%v)", err)
	}
	for _, want := range names {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		if t.Kind() != '"' || t.String() != want {
			return fmt.Errorf("it is no certificate: where %q belongs it has %.40q", want, t.String())
		}
		if err := d.SkipValue(); err != nil {
			return err
		}
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != '}' {
		return fmt.Errorf("it is no certificate: it has %.40q beside its four parts", t.String())
	}
	return nil
}

// Open reads the document of an envelope without looking at the signature: for
// showing what Verify has checked.
func Open(r io.Reader) (Document, error) {
	text, err := readAll(r)
	if err != nil {
		return Document{}, err
	}
	e, err := parse(text)
	if err != nil {
		return Document{}, err
	}
	var d Document
	if err := json.Unmarshal(e.Document, &d); err != nil {
		return Document{}, fmt.Errorf("its document: %w", err)
	}
	return d, nil
}

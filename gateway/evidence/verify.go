package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// How a part of a document differs from what was sealed.
const (
	Changed = "changed"
	Added   = "added"
	Removed = "removed"
)

// Difference is one part of a document that is not what was signed.
type Difference struct {
	Part string // JSON Pointer into the document
	What string // Changed, Added or Removed
	Now  string // the beginning of what stands there
}

// Trust is which key a signature was checked against.
type Trust string

// The kinds of trust.
const (
	// KeyGiven: a key that the caller brought. What verifies was signed by it.
	KeyGiven Trust = "given"
	// KeyInFile: the key of the file itself. What verifies is of one piece; who
	// made it is known only when the fingerprint is compared with the county's.
	KeyInFile Trust = "in-file"
)

// Report is what verifying a certificate found.
type Report struct {
	Number      string
	Version     int
	Key         ed25519.PublicKey // the one that the signature was checked with
	Trust       Trust
	Signed      bool         // the signature fits the seal
	Stranger    bool         // the file names a key that is not among the given ones
	Differences []Difference // of the document and its seal, by part
	Audit       []string     // rows of the audit that do not fit their own hash
	Document    Document     // as it stands; nothing to be relied on unless Intact
}

// Intact reports whether every value is the one that was signed.
func (r Report) Intact() bool {
	return r.Signed && !r.Stranger && len(r.Differences) == 0 && len(r.Audit) == 0
}

// Verify checks an envelope. With trusted keys the signature must be of one of
// them; without, it is checked with the key that the file names. The error is
// for what cannot be read at all; everything else is in the report.
func Verify(r io.Reader, trusted ...ed25519.PublicKey) (Report, error) {
	text, err := readAll(r)
	if err != nil {
		return Report{}, err
	}
	e, err := parse(text)
	if err != nil {
		return Report{}, err
	}
	var out Report
	if out.Differences, err = differences(e); err != nil {
		return Report{}, err
	}
	// A value of another kind is named by its part, if that was changed.
	if err := json.Unmarshal(e.Document, &out.Document); err != nil && len(out.Differences) == 0 {
		return Report{}, fmt.Errorf("its document: %w", err)
	}
	out.Number, out.Version = out.Document.Number, out.Document.Version
	key, err := strict.DecodeString(e.Signature.Key)
	if err != nil || len(key) != ed25519.PublicKeySize || e.Signature.Algorithm != algorithm {
		return Report{}, fmt.Errorf("it names no %s key", algorithm)
	}
	value, err := strict.DecodeString(e.Signature.Value)
	if err != nil || len(value) != ed25519.SignatureSize {
		return Report{}, fmt.Errorf("it has no %s signature", algorithm)
	}
	out.Key, out.Trust = key, KeyInFile
	if len(trusted) > 0 {
		out.Trust = KeyGiven
		out.Stranger = !slices.ContainsFunc(trusted, func(k ed25519.PublicKey) bool { return k.Equal(ed25519.PublicKey(key)) })
	}
	out.Signed = ed25519.Verify(key, signedBytes(e.Seal), value)
	out.Audit = brokenRows(out.Document.Audit)
	return out, nil
}

// differences compares the document with its seal.
func differences(e Envelope) (out []Difference, err error) {
	var sealed Seal
	if err := json.Unmarshal(e.Seal, &sealed); err != nil {
		return nil, fmt.Errorf("its seal: %w", err)
	}
	if sealed.Format != sealFormat {
		return nil, fmt.Errorf("its seal says format %.60q; this program reads %q", sealed.Format, sealFormat)
	}
	parts, err := partsOf(e.Document)
	if err != nil {
		return nil, fmt.Errorf("its document: %w", err)
	}
	var number string
	_ = json.Unmarshal(parts["/number"], &number) // one that is no text differs below
	now, err := sealOf(number, e.Document)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(now.Parts)) {
		was, ok := sealed.Parts[name]
		switch {
		case !ok:
			out = append(out, Difference{name, Added, excerpt(parts[name])})
		case was != now.Parts[name]:
			out = append(out, Difference{name, Changed, excerpt(parts[name])})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sealed.Parts)) {
		if _, ok := now.Parts[name]; !ok {
			out = append(out, Difference{Part: name, What: Removed})
		}
	}
	if sealed.Number != number && len(out) == 0 {
		out = append(out, Difference{"/number", Changed, number})
	}
	return out, nil
}

// excerpt is the beginning of a part, for people.
func excerpt(part []byte) string {
	const most = 80
	if len(part) <= most {
		return string(part)
	}
	end := most
	for end > 0 && !utf8.RuneStart(part[end]) {
		end--
	}
	return string(part[:end]) + "…"
}

// brokenRows are the rows of the audit that were not what they say when they
// were put into the document. Rows of one batch are not neighbours, so the chain
// between them is checked against the county's database: see state.
func brokenRows(a Audit) (wrong []string) {
	for _, r := range a.Rows {
		row, err := r.state()
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("row %d: %v", r.Seq, err))
			continue
		}
		if !row.Intact() {
			wrong = append(wrong, fmt.Sprintf("row %d: its hash does not fit its contents", r.Seq))
		}
		if head, err := hex.DecodeString(a.HeadHash); r.Seq > a.HeadSeq || r.Seq == a.HeadSeq && (err != nil || !bytes.Equal(head, row.Hash)) {
			wrong = append(wrong, fmt.Sprintf("row %d does not lie on a chain that ends at row %d, %s", r.Seq, a.HeadSeq, a.HeadHash))
		}
	}
	return wrong
}

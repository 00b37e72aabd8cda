// Package timestamp asks a time-stamp authority (RFC 3161) to say that a digest
// existed at a time, and checks what it said: the token is of this digest, signed
// by a certificate for time stamping that leads to a root the caller trusts.
package timestamp

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	rfc3161 "github.com/digitorus/timestamp"
)

// MaxResponse is the most bytes of an answer that are looked at. Answers have 2
// to 8 KB.
const MaxResponse = 64 << 10

// The media types of RFC 3161, section 3.4.
const (
	RequestType  = "application/timestamp-query"
	ResponseType = "application/timestamp-reply"
)

// Stamp is what an authority says of a digest.
type Stamp struct {
	At        time.Time     // of the authority's clock
	Accuracy  time.Duration // zero: it does not say
	Authority string        // the name in its certificate
	Serial    string        // of the stamp, decimal
}

// Request asks for a stamp over a digest.
type Request struct {
	DER    []byte // as it is sent
	digest [sha256.Size]byte
	nonce  *big.Int
}

// NewRequest makes a request; its nonce keeps an old answer from being taken for
// the one to it.
func NewRequest(digest [sha256.Size]byte) (Request, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return Request{}, err
	}
	// The authority's certificate is asked for: without it nobody could check the
	// stamp later.
	q := rfc3161.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Certificates: true, Nonce: nonce}
	der, err := q.Marshal()
	return Request{der, digest, nonce}, err
}

// Check reads the answer to the request.
func (q Request) Check(response []byte, roots *x509.CertPool) (Stamp, error) {
	token, err := tokenOf(response)
	if err != nil {
		return Stamp{}, err
	}
	s, nonce, err := check(token, q.digest, roots)
	if err != nil {
		return Stamp{}, err
	}
	if nonce == nil || nonce.Cmp(q.nonce) != 0 {
		return Stamp{}, errors.New("the time stamp answers another request: its nonce is not ours")
	}
	return s, nil
}

// Verify checks a stamp, as a whole response (.tsr) or as the token in it, that
// was kept with what it is of. The certificate counts as it was at the stamp's own
// time: one that has expired since is what a time stamp is for. A nil roots is
// refused: a stamp that anybody could have made says nothing.
func Verify(kept []byte, digest [sha256.Size]byte, roots *x509.CertPool) (Stamp, error) {
	token, err := tokenOf(kept)
	if err != nil {
		return Stamp{}, err
	}
	s, _, err := check(token, digest, roots)
	return s, err
}

// Roots reads the authorities that are trusted, as PEM.
func Roots(text []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d in it: %w", n+1, err)
		}
		pool.AddCert(c)
		n++
	}
	if n == 0 {
		return nil, errors.New("it holds no certificate (PEM, BEGIN CERTIFICATE)")
	}
	return pool, nil
}

// tokenOf takes the token out of a response; a token is returned as it is.
func tokenOf(b []byte) ([]byte, error) {
	if len(b) > MaxResponse {
		return nil, fmt.Errorf("a time stamp of %d bytes: at most %d", len(b), MaxResponse)
	}
	var outer struct {
		First asn1.RawValue
		Rest  asn1.RawValue `asn1:"optional"`
	}
	rest, err := asn1.Unmarshal(b, &outer)
	if err != nil {
		return nil, fmt.Errorf("it is no time stamp (RFC 3161): %w", err)
	}
	if len(rest) > 0 {
		return nil, errors.New("it is no time stamp (RFC 3161): something follows it")
	}
	// The library's own reader of such forms ends the program at some that are cut
	// off (found by FuzzVerify): it sees none.
	if err := wellFormed(b, 0); err != nil {
		return nil, fmt.Errorf("it is no time stamp (RFC 3161): %w", err)
	}
	if outer.First.Tag == asn1.TagOID {
		return b, nil // ContentInfo: a token
	}
	t, err := rfc3161.ParseResponse(b) // which also reads a refusal and its reason
	if err != nil {
		return nil, fmt.Errorf("the time-stamp authority's answer: %w", err)
	}
	return t.RawToken, nil
}

// deepest is how many forms may lie within one another; a time stamp has about 15.
const deepest = 40

// wellFormed checks that b is forms of ASN.1 one after another, each whole, and
// all within them as well.
func wellFormed(b []byte, depth int) error {
	if depth > deepest {
		return errors.New("its parts lie too deep within one another")
	}
	for len(b) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil {
			return err
		}
		if v.IsCompound {
			if err := wellFormed(v.Bytes, depth+1); err != nil {
				return err
			}
		}
		b = rest
	}
	return nil
}

// The attributes that bind the signer's certificate (RFC 5035 and, older, RFC
// 2634), and what the signed content is (RFC 3161, section 2.4.2).
func oidCertV2() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
}
func oidCertV1() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
}
func oidTSTInfo() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
}

// check does what the library leaves to its caller: it verifies a signature only
// when a certificate is there, against no root, for any use, and looks neither at
// what kind of content was signed nor at which certificate was meant.
func check(token []byte, digest [sha256.Size]byte, roots *x509.CertPool) (Stamp, *big.Int, error) {
	if roots == nil {
		return Stamp{}, nil, errors.New("a time stamp can be checked only against the authority's certificate: give it")
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return Stamp{}, nil, fmt.Errorf("it is no time stamp (RFC 3161): %w", err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return Stamp{}, nil, errors.New("the time stamp lacks its signer's certificate, or has not exactly one signer")
	}
	t, err := rfc3161.Parse(token)
	if err != nil {
		return Stamp{}, nil, fmt.Errorf("the time stamp's signature: %w", err)
	}
	if t.HashAlgorithm != crypto.SHA256 || !bytes.Equal(t.HashedMessage, digest[:]) {
		return Stamp{}, nil, fmt.Errorf("the time stamp is of something else: of %x and not of %x", t.HashedMessage, digest)
	}
	var kind asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &kind); err != nil || !kind.Equal(oidTSTInfo()) {
		return Stamp{}, nil, errors.New("what was signed is not a time stamp")
	}
	if err := names(p7, signer); err != nil {
		return Stamp{}, nil, err
	}
	// RFC 3161, section 2.3: for time stamping and for nothing else.
	if !slices.Equal(signer.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) || len(signer.UnknownExtKeyUsage) > 0 {
		return Stamp{}, nil, fmt.Errorf("the certificate of %q is not one for time stamps alone", signer.Subject)
	}
	between := x509.NewCertPool()
	for _, c := range p7.Certificates {
		between.AddCert(c)
	}
	err = p7.VerifyWithOpts(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: t.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return Stamp{}, nil, fmt.Errorf("the time stamp is not of an authority that you trust: %w", err)
	}
	s := Stamp{At: t.Time.UTC(), Accuracy: t.Accuracy, Authority: signer.Subject.String()}
	if t.SerialNumber != nil {
		s.Serial = t.SerialNumber.String()
	}
	return s, t.Nonce, nil
}

// names checks that the signer's certificate is the one that the signed
// attributes name, by its hash: another one with the same key is not.
func names(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	type certID struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		} `asn1:"optional"`
		Hash   []byte
		Issuer asn1.RawValue `asn1:"optional"`
	}
	var list struct {
		Certs    []certID
		Policies asn1.RawValue `asn1:"optional"`
	}
	if p7.UnmarshalSignedAttribute(oidCertV2(), &list) != nil && p7.UnmarshalSignedAttribute(oidCertV1(), &list) != nil {
		return errors.New("the time stamp does not say which certificate signed it")
	}
	if len(list.Certs) == 0 {
		return errors.New("the time stamp does not say which certificate signed it")
	}
	first := list.Certs[0].Hash
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA1, crypto.SHA384, crypto.SHA512} { // told apart by their length
		if h.Size() != len(first) || !h.Available() {
			continue
		}
		d := h.New()
		d.Write(signer.Raw) // never fails
		if bytes.Equal(d.Sum(nil), first) {
			return nil
		}
	}
	return fmt.Errorf("the time stamp names another certificate than that of %q", signer.Subject)
}

package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"time"

	"coldchain/gateway/evidence/verifypage"
)

// Certificates makes and gives out the certificates of batches.
type Certificates interface {
	// Make makes a batch's next certificate; a second one needs a reason, and a
	// request with the same key makes none. Errors: ErrNotFound, a *Refused.
	Make(ctx context.Context, by Actor, key, batch, reason string) error
	// Of lists a batch's certificates, newest first.
	Of(ctx context.Context, batch string) ([]Certificate, error)
	// Write writes one that was verified, or returns ErrNotFound. nonce goes into
	// the style of CertificateHTML.
	Write(ctx context.Context, w io.Writer, number string, form CertificateForm, nonce string) error
}

// Certificate is one that was signed.
type Certificate struct {
	Number  string
	Version int
	Made    time.Time
	By      string
	SHA256  [sha256.Size]byte // of the signed file
	Reason  string            // why it was made anew
	Page    string            // address of its public page; empty without one
	Stamp   CertificateStamping
}

// CertificateStamping is how far a certificate's time stamp is.
type CertificateStamping struct {
	State   StampState
	At      time.Time // by the authority's clock, when it is there
	Problem string    // of the newest try, while it is not
}

// StampState is how far a time stamp is.
type StampState string

// The states of a time stamp.
const (
	StampNone  StampState = "none"  // none is asked for
	StampAsked StampState = "asked" // the authority has not answered yet
	StampThere StampState = "there"
)

// CertificateForm is how a certificate is written.
type CertificateForm string

// The forms.
const (
	CertificateJSON CertificateForm = "json" // the signed file itself
	CertificateHTML CertificateForm = "html"
	CertificatePDF  CertificateForm = "pdf"
	// CertificateStamp is the time-stamp authority's answer (RFC 3161).
	CertificateStamp CertificateForm = "tsr"
)

// PublicPages are what anybody may read.
type PublicPages struct {
	Certificate http.Handler // GET /c/{token}
	Keys        http.Handler // GET /api/v1/keys
}

var certificateNumber = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

func (s *Server) certificateRoutes(add func(string, methods), read func(apiFunc) methods) {
	if s.deps.Certificates == nil {
		return
	}
	add("/api/v1/batches/{id}/certificates", methods{"GET": s.api(s.certificates), "POST": s.write(s.makeCertificate)})
	add("/api/v1/certificates/{number}/{form}", methods{"GET": http.HandlerFunc(s.certificate)})
	add("/c/{token}", methods{"GET": s.deps.Public.Certificate})
	add("/api/v1/keys", methods{"GET": s.deps.Public.Keys})
	add("/verify", methods{"GET": verifypage.Handler()})
}

type certificateJSON struct {
	Number  string    `json:"number"`
	Version int       `json:"version"`
	Made    stamp     `json:"made"`
	By      string    `json:"by"`
	SHA256  string    `json:"sha256"`
	Reason  string    `json:"reason"`
	Page    string    `json:"page"`
	Stamp   stampJSON `json:"timestamp"`
}

type stampJSON struct {
	State   StampState `json:"state"`
	At      stamp      `json:"at"` // null until it is there
	Problem string     `json:"problem"`
}

type certificatesAnswer struct {
	Now          stamp             `json:"now"`
	Certificates []certificateJSON `json:"certificates"`
	paging
}

func (s *Server) certificatesOf(ctx context.Context, id string) (certificatesAnswer, error) {
	all, err := s.deps.Certificates.Of(ctx, id)
	out := certificatesAnswer{Now: stamp(s.opt.Now()), Certificates: []certificateJSON{}}
	for _, c := range all {
		out.Certificates = append(out.Certificates, certificateJSON{c.Number, c.Version, stamp(c.Made), c.By, hex.EncodeToString(c.SHA256[:]), c.Reason, c.Page, stampJSON{c.Stamp.State, stamp(c.Stamp.At), c.Stamp.Problem}})
	}
	return out, err
}

// certificates is not for everybody who may look: the address of a public page is
// given to whoever gets the goods, and to nobody else.
func (s *Server) certificates(r *http.Request) (any, error) {
	id, err := pathBatch(r)
	if err := firstError(onlyParams(r, "limit", "cursor"), err); err != nil {
		return nil, err
	}
	out, err := s.certificatesOf(r.Context(), id)
	if err == nil {
		out.Certificates, out.paging, err = pageOf(r, out.Certificates, func(c certificateJSON) string { return c.Number })
	}
	return out, err
}

type newCertificate struct {
	actorInput
	Reason string `json:"reason"`
}

type certificateAnswer struct {
	Now         stamp           `json:"now"`
	Certificate certificateJSON `json:"certificate"` // the newest
}

func (s *Server) makeCertificate(r *http.Request) (any, error) {
	key, err := requestKey(r)
	if err != nil {
		return nil, err
	}
	id, err := pathBatch(r)
	if err != nil {
		return nil, err
	}
	var in newCertificate
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if err := firstError(in.check(true), checkText("reason", in.Reason, 300, false)); err != nil {
		return nil, err
	}
	if err := s.deps.Certificates.Make(r.Context(), in.by(r), key, id, in.Reason); err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	all, err := s.certificatesOf(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return created{certificateAnswer{all.Now, all.Certificates[0]}}, nil
}

// certificate writes one as a file, or as a page that prints. It is made before
// anything is sent: half a certificate is none.
func (s *Server) certificate(w http.ResponseWriter, r *http.Request) {
	number, form := r.PathValue("number"), CertificateForm(r.PathValue("form"))
	err := onlyParams(r)
	types := map[CertificateForm]string{CertificateJSON: "application/json", CertificateHTML: "text/html; charset=utf-8", CertificatePDF: "application/pdf", CertificateStamp: "application/timestamp-reply"}
	if err == nil && (types[form] == "" || !certificateNumber.MatchString(number)) {
		err = notFound("没有这个证明："+clip(number), "there is no such certificate: "+clip(number))
	}
	var out bytes.Buffer
	nonce := rand.Text()
	if err == nil {
		if err = s.deps.Certificates.Write(r.Context(), &out, number, form, nonce); err != nil {
			err = stateError(err, "证明 "+number, "certificate "+number)
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", types[form])
	h.Set("Cache-Control", "no-store")
	if form == CertificateHTML {
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	} else {
		h.Set("Content-Disposition", `attachment; filename="`+number+"."+string(form)+`"`)
	}
	w.WriteHeader(http.StatusOK)
	_, _ = out.WriteTo(w) // who goes away in the middle has been told by his own side
}

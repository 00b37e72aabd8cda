package certificate

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/evidence"
)

//go:embed public.html
var publicHTML string

// Public is what a consumer may see of a certificate, and nothing else: no
// person, no telephone number but the county's, no address or route, no alarm, no
// note, no audit, no party but the firm whose goods they are.
type Public struct {
	Product, Batch        string
	Owner                 string // a firm; empty when it is a natural person
	Produced              string
	VerdictZH, VerdictEN  string
	Tone                  string
	Decided               string // day
	Lowest, Highest       string // °C
	Limits                string
	Coverage              string // %
	Above, Below          string // how long; empty: no such limit
	Until                 string
	Number, Fingerprint   string
	Version               int
	Superseded            bool // there is a newer version
	Demo                  bool
	County, Office, Phone string
	Statement             string
}

// PublicOf takes from a document what a consumer may see.
func PublicOf(d evidence.Document, key ed25519.PublicKey, superseded bool) (Public, error) {
	c, err := zoneOf(d)
	if err != nil {
		return Public{}, err
	}
	x, ok := d.Verdict()
	word, t := decision(x.Decision), d.Exposure.Total
	p := Public{Product: d.Batch.Product, Batch: d.Batch.Code, Produced: c.day(d.Batch.Born),
		VerdictZH: word.ZH, VerdictEN: word.EN, Lowest: celsius(t.MinC), Highest: celsius(t.MaxC), Coverage: percent(t.Coverage),
		Above: publicSide(t.Above), Below: publicSide(t.Below), Until: c.at(d.Exposure.MonitoredUntil),
		Number: d.Number, Version: d.Version, Fingerprint: evidence.Fingerprint(key), Superseded: superseded, Demo: d.Demo,
		County: d.County.Name, Office: d.County.Office, Phone: d.County.Phone, Statement: StatementZH + " " + StatementEN}
	var v view
	v.Doc = d
	v.verdict(c)
	p.Tone = string(v.Verdict.Tone)
	if ok {
		p.Decided = c.day(x.At)
	}
	if x.Severe && x.Second == "" { // it does not hold yet
		p.VerdictZH, p.VerdictEN, p.Tone, p.Decided = decision(batch.Undecided).ZH, decision(batch.Undecided).EN, string(plain), ""
	}
	for _, party := range d.Parties {
		if party.Role == evidence.Owner && party.Code != "" {
			p.Owner = party.Name
		}
	}
	var limits []string
	if l := d.Profile.LowC; l != nil {
		limits = append(limits, "≥ "+fixed(l.ValueC, 1))
	}
	if l := d.Profile.HighC; l != nil {
		limits = append(limits, "≤ "+fixed(l.ValueC, 1))
	}
	p.Limits = strings.Join(limits, "，")
	return p, nil
}

func publicSide(s *exposure.Side) string {
	if s == nil {
		return ""
	}
	return span(s.Seconds)
}

// Token is the unguessable name of a public page: 128 bits from the system's
// source, in 26 letters and digits.
type Token string

var tokenText = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewToken draws one.
func NewToken() Token {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return Token(tokenText.EncodeToString(b[:]))
}

// Key is what is stored and looked up instead of the token: who reads the
// database, or measures how long a comparison takes, learns no address.
func (t Token) Key() [sha256.Size]byte { return sha256.Sum256([]byte("coldchain public page 1\n" + t)) }

// ErrNoPage says that no certificate has this token.
var ErrNoPage = errors.New("no such page")

// Finder finds the certificate of a token by its key, or returns ErrNoPage.
// Superseded tells that a newer version was made.
type Finder interface {
	PublicPage(ctx context.Context, key [sha256.Size]byte) (d evidence.Document, signedBy ed25519.PublicKey, superseded bool, err error)
}

// PublicPage answers GET /c/{token}. A token that is malformed and one that
// nobody has are answered alike, and neither is looked up by its own bytes.
func (p *Pages) PublicPage(find Finder, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := Token(strings.ToUpper(r.PathValue("token")))
		if len(token) != tokenText.EncodedLen(16) {
			token = NewToken() // looked up like any other
		}
		var page Public
		d, key, superseded, err := find.PublicPage(r.Context(), token.Key())
		if err == nil {
			page, err = PublicOf(d, key, superseded)
		}
		nonce := rand.Text()
		var out bytes.Buffer
		status := http.StatusOK
		if errors.Is(err, ErrNoPage) {
			status, err = http.StatusNotFound, nil
		}
		if err == nil {
			err = p.public.Execute(&out, struct {
				Public
				Found bool
				Nonce string
			}{page, status == http.StatusOK, nonce})
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // the address is the secret
		h.Set("Cache-Control", "no-store")
		if err != nil {
			log.Error("a public page was not made", "err", err)
			http.Error(w, "服务器内部出错，请稍后再试 the server failed; try again later", http.StatusInternalServerError)
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		w.WriteHeader(status)
		if _, err := out.WriteTo(w); err != nil && r.Context().Err() == nil {
			log.Error("a public page was not written whole", "err", fmt.Errorf("write: %w", err))
		}
	})
}

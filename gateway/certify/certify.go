// Package certify makes the certificates of a county's batches: it gathers what
// is known of one, freezes the readings that were used, has the paper signed and
// keeps it. It guarantees that what a certificate says of temperatures is worked
// out from exactly the readings that are frozen under its number, and that no
// certificate is given out that is not as it was signed.
package certify

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate"
	"coldchain/gateway/files"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// Folder is the name of the folder of certificates in a county's data.
const Folder = "certificates"

// State is what is written down of batches.
type State interface {
	Dossier(ctx context.Context, id string) (batch.Dossier, error)
	LoggerValues(ctx context.Context, sum string) ([]batch.LoggerValue, error)
	Alarms(ctx context.Context, f state.AlarmFilter) ([]state.Alarm, error)
	AnswersTo(ctx context.Context, ids ...string) (map[string]state.Answers, error)
	Audit(ctx context.Context, f state.AuditFilter) ([]state.AuditRow, error)
	AuditHead(ctx context.Context) (state.AuditHead, error)
	AddCertificate(ctx context.Context, actor state.Actor, c state.Certificate) error
	Certificates(ctx context.Context, batch string) ([]state.Certificate, error)
	Certificate(ctx context.Context, number string) (state.Certificate, error)
	CertificateOfPage(ctx context.Context, key [sha256.Size]byte) (state.Certificate, error)
	CertificateOfRequest(ctx context.Context, key state.IdempotencyKey) (state.Certificate, error)
	Stamps(ctx context.Context, batch string) (map[string]state.Stamp, error)
}

// Exposures works out what a batch went through until a time.
type Exposures interface {
	Batch(ctx context.Context, code string, until time.Time) (exposure.Batch, error)
}

// Freezer keeps readings for good, with a copy in a file of its folder.
type Freezer interface {
	Freeze(ctx context.Context, actor state.Actor, reference string, ranges []state.FrozenRange) (state.Frozen, error)
}

// Keys are the county's.
type Keys interface {
	Sign(d evidence.Document) ([]byte, error)
	Published() evidence.PublicKeys
}

// Options are what a Maker stands on. All are needed but PublicURL.
type Options struct {
	State     State
	Exposures Exposures
	Freezer   Freezer
	Frozen    string // folder of the frozen readings
	Keys      Keys
	Folder    string // of the certificates
	County    evidence.County
	Demo      bool
	PublicURL string // where telephones reach the page; empty: no public page
	// Profile, Place and Person name things; an unknown profile has ok false.
	Profile         func(name string) (p profile.Profile, ok bool)
	Place           func(zone string) evidence.Place
	Person          func(id string) string
	Humidity        func(zone string) (point sensors.PointID, ok bool)
	CalibratedUntil func(point sensors.PointID) (until time.Time, ok bool)
	// Calibration is the certificate of a point's probe that held at a time; nil:
	// the county keeps none.
	Calibration func(point string, at time.Time) (p evidence.Probe, ok bool)
	Now         func() time.Time
}

// Maker makes certificates, one at a time.
type Maker struct {
	o  Options
	mu sync.Mutex
}

// New prepares a Maker.
func New(o Options) *Maker { return &Maker{o: o} }

// Refused is why no certificate is made, for the person who asked.
type Refused struct{ ZH, EN string }

func (r *Refused) Error() string { return r.EN }

// attempts is how often a certificate is begun anew because readings came in
// while they were frozen.
const attempts = 3

// Make makes a batch's next certificate, or returns the one that was made for the
// same key: a request that is sent again makes no second paper. A batch's second
// one needs a reason. Errors: a *Refused; one that wraps state.ErrNotFound, or store.ErrTemporary while the
// readings cannot be copied.
func (m *Maker) Make(ctx context.Context, actor state.Actor, key state.IdempotencyKey, id, reason string) (state.Certificate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch made, err := m.o.State.CertificateOfRequest(ctx, key); {
	case err == nil && made.Batch != id:
		return state.Certificate{}, &Refused{"这个请求已用于另一个批次", "this request's key was used for another batch"}
	case err == nil || !errors.Is(err, state.ErrNotFound):
		return made, err
	}
	before, err := m.o.State.Certificates(ctx, id)
	if err != nil {
		return state.Certificate{}, err
	}
	if len(before) > 0 && strings.TrimSpace(reason) == "" {
		return state.Certificate{}, &Refused{"这个批次已有证明，再出一份请写明原因", "the batch has a certificate; say why it is made anew"}
	}
	for range attempts {
		d, courses, err := m.measured(ctx, actor, id, len(before)+1)
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return state.Certificate{}, fmt.Errorf("certificate of batch %.64s: %w", id, err)
		}
		if len(before) > 0 {
			old := before[0]
			d.Supersedes = &evidence.Superseded{Number: old.Number, Version: old.Version, Made: old.Made, SHA256: hex.EncodeToString(old.SHA256[:]), Reason: reason}
		}
		c, err := m.finish(ctx, actor, key, d, courses)
		if err != nil {
			return state.Certificate{}, fmt.Errorf("certificate of batch %.64s: %w", id, err)
		}
		return c, nil
	}
	return state.Certificate{}, &Refused{"读数正在补到，请过几分钟再出证明", "readings are still coming in for this time; try again in some minutes"}
}

var errMoved = errors.New("readings came in while they were frozen")

// measured works the exposure out, freezes what it used, and looks that nothing
// has come in between.
func (m *Maker) measured(ctx context.Context, actor state.Actor, id string, version int) (evidence.Document, []evidence.Course, error) {
	now := m.o.Now().UTC().Truncate(time.Millisecond)
	x, err := m.o.Exposures.Batch(ctx, id, now)
	if err != nil {
		return evidence.Document{}, nil, err
	}
	if len(x.Intervals) == 0 {
		return evidence.Document{}, nil, &Refused{"这个批次还没有入过库，没有可证明的", "the batch has lain nowhere yet: there is nothing to certify"}
	}
	d := evidence.Document{Number: fmt.Sprintf("%s.%d.%s", id, version, strings.ToLower(rand.Text()[:6])), Version: version, Made: now, By: m.o.Person(actor.ID), Demo: m.o.Demo, County: m.o.County, Exposure: x}
	var courses []evidence.Course
	if ranges := m.ranges(x); len(ranges) > 0 {
		if d.Readings, courses, err = m.freeze(ctx, actor, d.Number, ranges); err != nil {
			return d, nil, err
		}
		again, err := m.o.Exposures.Batch(ctx, id, now)
		if err != nil {
			return d, nil, err
		}
		if again.Version != x.Version || again.Total.Points != x.Total.Points {
			return d, nil, errMoved
		}
	}
	return d, courses, nil
}

// ranges are the readings that an exposure used.
func (m *Maker) ranges(x exposure.Batch) (out []state.FrozenRange) {
	for _, i := range x.Intervals {
		if i.Kind == exposure.Unmonitored || i.Point == "" || i.Summary.Points == 0 {
			continue
		}
		out = append(out, state.FrozenRange{Point: sensors.PointID(i.Point), Quantity: sensors.Temperature, From: i.From, To: i.To})
		if p, ok := m.o.Humidity(i.Zone); ok && i.Humidity != nil {
			out = append(out, state.FrozenRange{Point: p, Quantity: sensors.Humidity, From: i.From, To: i.To})
		}
	}
	return out
}

func (m *Maker) freeze(ctx context.Context, actor state.Actor, number string, ranges []state.FrozenRange) (evidence.Readings, []evidence.Course, error) {
	f, err := m.o.Freezer.Freeze(ctx, actor, number, ranges)
	if err != nil {
		return evidence.Readings{}, nil, err
	}
	file, err := os.Open(filepath.Join(m.o.Frozen, f.Evidence.File))
	if err != nil {
		return evidence.Readings{}, nil, fmt.Errorf("open the frozen readings: %w", err)
	}
	defer file.Close() // only read
	return evidence.ReadFrozen(file, f.Evidence.File)
}

// finish gathers the rest, signs, and keeps the file before its row.
func (m *Maker) finish(ctx context.Context, actor state.Actor, key state.IdempotencyKey, d evidence.Document, courses []evidence.Course) (state.Certificate, error) {
	c := state.Certificate{Request: key, Number: d.Number, Batch: d.Exposure.Batch, Version: d.Version, Made: d.Made, By: actor}
	if d.Supersedes != nil {
		c.Reason = d.Supersedes.Reason
	}
	if m.o.PublicURL != "" {
		token := certificate.NewToken()
		c.PageKey, d.Page = token.Key(), strings.TrimSuffix(m.o.PublicURL, "/")+"/c/"+string(token)
	}
	in, err := m.gather(ctx, d, courses)
	if err != nil {
		return c, err
	}
	if d, err = evidence.Build(in); err != nil {
		return c, err
	}
	envelope, err := m.o.Keys.Sign(d)
	if err != nil {
		return c, err
	}
	sum, err := evidence.SHA256(envelope)
	if err != nil {
		return c, err
	}
	if _, err := hex.Decode(c.SHA256[:], []byte(sum)); err != nil {
		return c, err
	}
	if err := files.Write(m.path(c.Number), envelope); err != nil {
		return c, fmt.Errorf("keep the signed file: %w", err)
	}
	return c, m.o.State.AddCertificate(ctx, actor, c)
}

func (m *Maker) path(number string) string { return filepath.Join(m.o.Folder, number+".json") }

// Paper is a signed certificate that was verified before it is given out.
type Paper struct {
	Document evidence.Document
	Key      ed25519.PublicKey // that signed it
	Envelope []byte
}

// Open reads a certificate. An error that wraps state.ErrNotFound: there is
// none; any other says that the file is not what was signed.
func (m *Maker) Open(ctx context.Context, number string) (Paper, error) {
	c, err := m.o.State.Certificate(ctx, number)
	if err != nil {
		return Paper{}, err
	}
	return m.open(c)
}

func (m *Maker) open(c state.Certificate) (Paper, error) {
	envelope, err := os.ReadFile(m.path(c.Number))
	if err != nil {
		return Paper{}, fmt.Errorf("certificate %s: its signed file: %w; put it back from a backup", c.Number, err)
	}
	sum, err := evidence.SHA256(envelope)
	if err != nil || sum != hex.EncodeToString(c.SHA256[:]) {
		return Paper{}, fmt.Errorf("certificate %s: its file is not the one that was signed; put it back from a backup", c.Number)
	}
	r, err := evidence.Verify(strings.NewReader(string(envelope)), m.o.Keys.Published().At(c.Made)...)
	if err != nil {
		return Paper{}, fmt.Errorf("certificate %s: %w", c.Number, err)
	}
	if !r.Intact() {
		return Paper{}, fmt.Errorf("certificate %s is not signed by this county's key of its time: are the keys those of this county?", c.Number)
	}
	return Paper{r.Document, r.Key, envelope}, nil
}

// Listed is a certificate with the address of its public page, empty without one,
// and how far its time stamp is: nil when none is asked for.
type Listed struct {
	state.Certificate
	Page  string
	Stamp *state.Stamp
}

// Of lists a batch's certificates, newest first.
func (m *Maker) Of(ctx context.Context, id string) ([]Listed, error) {
	all, err := m.o.State.Certificates(ctx, id)
	if err != nil {
		return nil, err
	}
	stamps, err := m.o.State.Stamps(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, 0, len(all))
	for _, c := range all {
		p, err := m.open(c)
		if err != nil {
			return nil, err
		}
		x := Listed{c, p.Document.Page, nil}
		if s, ok := stamps[c.Number]; ok {
			x.Stamp = &s
		}
		out = append(out, x)
	}
	return out, nil
}

// PublicPage implements certificate.Finder.
func (m *Maker) PublicPage(ctx context.Context, key [sha256.Size]byte) (evidence.Document, ed25519.PublicKey, bool, error) {
	c, err := m.o.State.CertificateOfPage(ctx, key)
	if errors.Is(err, state.ErrNotFound) {
		return evidence.Document{}, nil, false, certificate.ErrNoPage
	}
	if err != nil {
		return evidence.Document{}, nil, false, err
	}
	p, err := m.open(c)
	if err != nil {
		return evidence.Document{}, nil, false, err
	}
	all, err := m.o.State.Certificates(ctx, c.Batch)
	if err != nil {
		return evidence.Document{}, nil, false, err
	}
	return p.Document, p.Key, all[0].Number != c.Number, nil
}

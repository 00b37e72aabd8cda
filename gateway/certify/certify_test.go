package certify

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/evidence"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const air = sensors.PointID("balagong/mutton/air")

var officer = state.Actor{Kind: state.Person, ID: "qiqige"}

// exposed counts the readings of one stay; before says what happens before it
// answers for the n-th time.
type exposed struct {
	store  *sqlite.Store
	before func(n int)
	asked  int
}

func (e *exposed) Batch(ctx context.Context, code string, until time.Time) (exposure.Batch, error) {
	e.asked++
	if e.before != nil {
		e.before(e.asked)
	}
	from := noon.Add(-2 * time.Hour)
	if code == "nowhere" {
		return exposure.Batch{Batch: code, Version: 1}, nil
	}
	n := 0
	err := e.store.Read(ctx, store.Query{Point: air, Quantity: sensors.Temperature, From: from, To: until}, func(store.Record) bool { n++; return true })
	x := exposure.Batch{Batch: code, Version: 1, Total: exposure.Summary{Points: n, Method: exposure.Step}}
	x.Intervals = []exposure.Interval{{Zone: "balagong/mutton", Kind: exposure.Store, From: from, To: until, Point: string(air), Summary: x.Total}}
	return x, err
}

type rig struct {
	t     *testing.T
	maker *Maker
	went  *exposed
	store *sqlite.Store
	state *state.DB
	keys  *evidence.Keyring
	now   time.Time
	seq   uint64
}

func newRig(t *testing.T, options ...state.Option) *rig {
	t.Helper()
	r := &rig{t: t, now: noon}
	dir := t.TempDir()
	var err error
	now := func() time.Time { return r.now }
	if r.store, err = sqlite.Open(t.Context(), filepath.Join(dir, "readings.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })
	if r.state, err = state.Open(t.Context(), filepath.Join(dir, "county.db"), now, options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.state.Close() })
	keeper, err := retention.New(retention.Options{County: "hangjin", State: r.state, Store: r.store, Folder: filepath.Join(dir, retention.Folder), Now: now, Newest: func() (time.Time, bool) { return r.now, true }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if r.keys, err = evidence.OpenKeyring(filepath.Join(dir, evidence.KeysFolder), "hangjin", noon.Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.went = &exposed{store: r.store}
	r.maker = New(Options{
		State: r.state, Exposures: r.went, Freezer: keeper, Frozen: filepath.Join(dir, retention.Folder), Keys: r.keys, Folder: filepath.Join(dir, Folder),
		County:          evidence.County{ID: "hangjin", Name: "杭锦旗", Zone: "Asia/Shanghai"},
		Profile:         func(string) (p profile.Profile, ok bool) { return p, false },
		Place:           func(zone string) evidence.Place { return evidence.Place{Zone: zone, Name: "羊肉库"} },
		Person:          func(id string) string { return id },
		Humidity:        func(string) (p sensors.PointID, ok bool) { return "", false },
		CalibratedUntil: func(sensors.PointID) (u time.Time, ok bool) { return u, false },
		Now:             now,
	})
	for _, id := range []string{"A", "nowhere"} {
		if _, err := r.state.CreateBatch(t.Context(), officer, state.IdempotencyKey(id), batch.Batch{ID: id, Product: "羊肉", Profile: "mutton", Created: noon.Add(-2 * time.Hour)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		r.read(noon.Add(-2 * time.Hour).Add(time.Duration(i) * time.Minute))
	}
	return r
}

// read has a reading come in.
func (r *rig) read(at time.Time) {
	r.t.Helper()
	r.seq++
	_, err := r.store.Write(r.t.Context(), []store.Record{{Reading: sensors.NewGood(air, at, 2), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: r.seq}})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) make(id, reason string) state.Certificate {
	r.t.Helper()
	c, err := r.maker.Make(r.t.Context(), officer, state.IdempotencyKey(rand.Text()), id, reason)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func TestReadingsThatComeInMeanwhileAreInTheCertificateOrItBeginsAnew(t *testing.T) {
	r := newRig(t)
	r.went.before = func(n int) {
		if n == 2 { // after the readings were frozen
			r.read(noon.Add(-time.Hour + 30*time.Second))
		}
	}
	c := r.make("A", "")
	p, err := r.maker.Open(t.Context(), c.Number)
	if err != nil {
		t.Fatal(err)
	}
	if p.Document.Readings.Count != 61 || p.Document.Exposure.Total.Points != 61 {
		t.Errorf("frozen %d, worked out from %d, want 61 and 61", p.Document.Readings.Count, p.Document.Exposure.Total.Points)
	}
	if r.went.asked != 4 {
		t.Errorf("asked %d times, want 4", r.went.asked)
	}
}

func TestReadingsThatNeverRestAreNoCertificateYet(t *testing.T) {
	r := newRig(t)
	r.went.before = func(n int) { r.read(noon.Add(-time.Hour + time.Duration(n)*time.Second)) }
	var refused *Refused
	if _, err := r.maker.Make(t.Context(), officer, state.IdempotencyKey(rand.Text()), "A", ""); !errors.As(err, &refused) || !strings.Contains(refused.EN, "still coming in") {
		t.Errorf("%v", err)
	}
	if all, err := r.maker.Of(t.Context(), "A"); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestABatchThatLayNowhereHasNoCertificate(t *testing.T) {
	r := newRig(t)
	var refused *Refused
	if _, err := r.maker.Make(t.Context(), officer, state.IdempotencyKey(rand.Text()), "nowhere", ""); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}

func TestACorrectionNamesWhatItCorrects(t *testing.T) {
	r := newRig(t)
	first := r.make("A", "")
	var refused *Refused
	if _, err := r.maker.Make(t.Context(), officer, state.IdempotencyKey(rand.Text()), "A", " "); !errors.As(err, &refused) {
		t.Errorf("a second one without a reason: %v", err)
	}
	r.now = noon.Add(time.Hour)
	r.read(noon.Add(10 * time.Minute))
	second := r.make("A", "补到了读数")
	p, err := r.maker.Open(t.Context(), second.Number)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Document.Supersedes
	if s == nil || s.Number != first.Number || s.Version != 1 || s.Reason != "补到了读数" || p.Document.Version != 2 {
		t.Errorf("%+v", s)
	}
	old, err := r.maker.Open(t.Context(), first.Number)
	if err != nil || old.Document.Exposure.Total.Points != 60 {
		t.Errorf("the old one: %v", err)
	}
}

func TestARequestThatIsSentAgainMakesNoSecondPaper(t *testing.T) {
	r := newRig(t)
	first, err := r.maker.Make(t.Context(), officer, "k", "A", "")
	if err != nil {
		t.Fatal(err)
	}
	r.read(noon.Add(-time.Minute)) // whatever has come in since
	again, err := r.maker.Make(t.Context(), officer, "k", "A", "")
	if err != nil || again.Number != first.Number {
		t.Errorf("%v, %v", again, err)
	}
	var refused *Refused
	if _, err := r.maker.Make(t.Context(), officer, "k", "nowhere", ""); !errors.As(err, &refused) {
		t.Errorf("the key for another batch: %v", err)
	}
}

func TestWhatWasSignedBeforeAKeyWasChangedStillOpens(t *testing.T) {
	r := newRig(t)
	c := r.make("A", "")
	if err := r.keys.Rotate(noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.maker.Open(t.Context(), c.Number); err != nil {
		t.Error(err)
	}
	r.now = noon.Add(2 * time.Hour)
	next := r.make("A", "新钥匙")
	p, err := r.maker.Open(t.Context(), next.Number)
	if err != nil || !p.Key.Equal(r.keys.Public()) {
		t.Errorf("%v", err)
	}
}

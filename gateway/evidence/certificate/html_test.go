package certificate

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"coldchain/alerting/batch"
	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/evidencetest"
)

func pages(t *testing.T) *Pages {
	t.Helper()
	p, err := NewPages()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func page(t *testing.T, d evidence.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := pages(t).HTML(&b, d, public(), "abc"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page says what the PDF says: both are of one view.
func TestPageSaysWhatTheViewHas(t *testing.T) {
	for _, name := range evidencetest.All() {
		d := evidencetest.Document(name)
		v, err := viewOf(d, public())
		if err != nil {
			t.Fatal(err)
		}
		text := page(t, d)
		want := []string{"冷链温度记录证明", d.Number, v.Verdict.ZH, v.Fingerprint, d.County.Phone, StatementZH, StatementEN, "公章", `class="qr"`}
		for _, f := range v.Figures {
			want = append(want, f.Value, f.Note)
		}
		for _, a := range v.Annexes {
			want = append(want, a.ZH)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the page does not say %q", name, w)
			}
		}
		if strings.Contains(text, "<script") {
			t.Errorf("%s: the page has a script", name)
		}
	}
}

func TestPageEscapes(t *testing.T) {
	d := evidencetest.Document(evidencetest.Eventful)
	const bad = `<img src=x onerror=alert(1)>`
	d.Batch.Product, d.Verdicts[1].Reason, d.Handovers[0].Note, d.Exposure.Intervals[0].Zone, d.Places[0].Name = bad, bad, bad, bad, bad
	d.Alarms[0].Closing.Note, d.County.Office, d.Number = bad, bad, bad
	if text := page(t, d); strings.Contains(text, "<img") {
		t.Error("what people typed became part of the page")
	}
}

func TestPublicPageTellsNothingElse(t *testing.T) {
	for _, name := range evidencetest.All() {
		d := evidencetest.Document(name)
		d.Parties = append(d.Parties, evidence.Party{Role: evidence.Owner, Party: batch.Party{Name: "张三"}})
		text := serve(t, finder{d: d, key: NewToken()}, "")
		for _, want := range []string{d.Batch.Product, d.Batch.Code, d.Number, "监测覆盖率", evidence.Fingerprint(public()), d.County.Phone, StatementZH} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q", name, want)
			}
		}
		secret := []string{"其其格", "巴雅尔", "王师傅", "苏日娜", "那仁", "张三", "qiqige", "naren", "hq/chill-2", "独贵塔拉", "锡尼", "蒙K", "演示草原冷链运输", "仓储有限公司", "门帘", "受潮", "RD2026", "NO.1506250012345", "91150625", "93150625", d.Audit.HeadHash, d.Readings.Digest}
		for _, s := range secret {
			if strings.Contains(text, s) {
				t.Errorf("%s: a consumer reads %q", name, s)
			}
		}
	}
}

// A severe verdict that nobody has countersigned does not hold, for a consumer
// either.
func TestPublicPageWaitsForTheSecond(t *testing.T) {
	d := evidencetest.Document(evidencetest.Eventful)
	d.Verdicts[1].Second = ""
	p, err := PublicOf(d, public(), false)
	if err != nil || p.VerdictEN != "Undecided" || p.Decided != "" || p.Tone != "plain" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestPublicPageCannotBeEnumerated(t *testing.T) {
	a, b := NewToken(), NewToken()
	if a == b || len(a) != 26 {
		t.Fatalf("%q %q", a, b)
	}
	d := evidencetest.Document(evidencetest.Calm)
	unknown, short := response(t, finder{d: d, key: a}, string(b)), response(t, finder{d: d, key: a}, "1")
	if unknown.Code != http.StatusNotFound || short.Code != unknown.Code || len(short.Body.String()) != len(unknown.Body.String()) {
		t.Errorf("an unknown token %d, a malformed one %d", unknown.Code, short.Code)
	}
	found := response(t, finder{d: d, key: a}, strings.ToLower(string(a)))
	if found.Code != http.StatusOK || found.Header().Get("Referrer-Policy") != "no-referrer" || !strings.Contains(found.Header().Get("X-Robots-Tag"), "noindex") {
		t.Errorf("%d %v", found.Code, found.Header())
	}
}

// finder has one page, under the hash of its token.
type finder struct {
	d   evidence.Document
	key Token
}

func (f finder) PublicPage(_ context.Context, key [sha256.Size]byte) (evidence.Document, ed25519.PublicKey, bool, error) {
	if key != f.key.Key() {
		return evidence.Document{}, nil, false, ErrNoPage
	}
	return f.d, public(), false, nil
}

func serve(t *testing.T, f finder, token string) string {
	t.Helper()
	if token == "" {
		token = string(f.key)
	}
	return response(t, f, token).Body.String()
}

func response(t *testing.T, f finder, token string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /c/{token}", pages(t).PublicPage(f, slog.New(slog.DiscardHandler)))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/c/"+token, nil))
	return w
}

package web_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/alerting/duty"
	"coldchain/gateway/evidence/evidencetest"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

func posterRig(t *testing.T) *rig {
	r := newRig(t, web.Options{PublicURL: "https://cold.example/"})
	r.Do(func(f *webtest.Fake) {
		f.List.Roster = duty.Roster{Persons: []duty.Person{{ID: "fix", Name: "修<理>工", Phone: "8613800001111", Roles: []duty.Role{duty.Repairer}, Sites: []string{"balagong"}}}}
	})
	return r
}

// TestPosterSaysWhereItLeadsAndWhomToCall, escaped and without a script.
func TestPosterSaysWhereItLeadsAndWhomToCall(t *testing.T) {
	r := posterRig(t)
	w := r.do(request{path: "/poster?zone=balagong/mutton-1"})
	body := w.Body.String()
	for _, want := range []string{"羊肉库", "Mutton room", "巴拉贡镇", "https://cold.example/zones/balagong/mutton-1", "修&lt;理&gt;工", `href="tel:`, "8613800001111"} {
		if !strings.Contains(body, want) {
			t.Errorf("%d: the poster lacks %q", w.Code, want)
		}
	}
	if strings.Contains(body, "<script") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%v", w.Header())
	}
	if en := r.do(request{path: "/poster?zone=balagong/mutton-1&lang=en"}).Body.String(); !strings.Contains(en, "<h1>Mutton room</h1>") {
		t.Error("not in English")
	}
	for path, status := range map[string]int{"/poster?zone=a/b": 404, "/poster": 404, "/poster?zone=balagong/mutton-1&lang=fr": 400, "/api/v1/contacts?site=x": 404} {
		if w := r.do(request{path: path}); w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	type contacts struct{ Repairer *struct{ Name, Phone string } }
	if c := decode[contacts](t, r.do(request{path: "/api/v1/contacts?site=balagong"})); c.Repairer == nil || c.Repairer.Phone != "+8613800001111" {
		t.Errorf("%+v", c)
	}
	r.Do(func(f *webtest.Fake) { f.List.Roster.Persons[0].Sites = []string{"xini"} })
	if c := decode[contacts](t, r.do(request{path: "/api/v1/contacts?site=balagong"})); c.Repairer != nil {
		t.Errorf("another site's: %+v", c)
	}
}

// TestPosterOpensItsRoom: a reader that is not ours finds the address in the
// picture that Chromium draws of the sheet.
func TestPosterOpensItsRoom(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make test-deps` to get it")
	}
	reader, err := exec.LookPath("zbarimg")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make test-deps` to get it")
	}
	page := filepath.Join(t.TempDir(), "poster.html")
	if err := os.WriteFile(page, posterRig(t).do(request{path: "/poster?zone=balagong/mutton-1"}).Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	shot := filepath.Join(t.TempDir(), "poster.png")
	if out, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=560,794", "--screenshot="+shot, "file://"+page).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	picture, err := os.ReadFile(shot)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := png.Decode(bytes.NewReader(picture)); err != nil || m.Bounds().Size() != image.Pt(560, 794) {
		t.Fatalf("%v", err)
	}
	out, err := exec.CommandContext(t.Context(), reader, "-q", "--raw", shot).Output()
	if err != nil || strings.TrimSpace(string(out)) != "https://cold.example/zones/balagong/mutton-1" {
		t.Errorf("%v: %q", err, out)
	}
}

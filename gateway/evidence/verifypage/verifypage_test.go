package verifypage

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/evidencetest"
)

// answer is what verify.js found, or why it could not.
type answer struct {
	Error       string
	Fingerprint string
	Signed      bool
	Intact      bool
	Differences []struct{ Part, What string }
}

// judge has node run verify.js over each text.
func judge(t *testing.T, texts ...string) []answer {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": install Node.js, which `make page` needs too")
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "run.js")
	run := nobleJS + "\n" + verifyJS + `
const all = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(all.map(t => { try { return check(t) } catch (e) { return { error: e.message } } })))`
	if err := os.WriteFile(script, []byte(run), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, script)
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v: %s", err, errs.String())
	}
	var got []answer
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(texts) {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}

// What the page says of a certificate is what the program says.
func TestPageAgreesWithTheProgram(t *testing.T) {
	good := string(evidencetest.Envelope(evidencetest.Eventful))
	d := evidencetest.Document(evidencetest.Calm)
	d.Batch.Product = "\u2028 𠮷 \" \\ \u0007 é </script> ~/"
	low := 1e-7
	d.Exposure.Total.MinC = &low
	odd, err := evidence.Sign(d, evidencetest.Key())
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, _ := ed25519.GenerateKey(nil)
	other, err := evidence.Sign(d, stranger)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(good), "", "  "); err != nil {
		t.Fatal(err)
	}
	texts := []string{good, string(odd), string(other), indented.String(), "", "{}", "[1]", "null", good[:len(good)-1]}
	for _, name := range evidencetest.All() {
		texts = append(texts, string(evidencetest.Envelope(name)))
	}
	for _, c := range [][2]string{
		{`"quantity":"240 kg"`, `"quantity":"340 kg"`}, {`"demo":true,`, ``}, {`"demo":true,`, `"demo":true,"a/b":{"c~":1},`}, {`"product_c":7.9`, `"product_c":7.90`},
		{`"product_c":7.9`, `"product_c":3.9`}, {`"cause":"sensor-fault"`, `"cause":"restart"`}, {`"algorithm":"Ed25519"`, `"algorithm":"none"`}, {`"number":"CC-2026-0008.2","parts"`, `"number":"CC-2026-0009","parts"`},
		{`"/batch/code":"`, `"/batch/code":"0`}, {`"value":"`, `"value":"AAAA`},
	} {
		text := strings.Replace(good, c[0], c[1], 1)
		if text == good {
			t.Fatalf("%s is not in the envelope", c[0])
		}
		texts = append(texts, text)
	}
	for i, got := range judge(t, texts...) {
		want, err := evidence.Verify(strings.NewReader(texts[i]))
		name := texts[i][:min(len(texts[i]), 40)]
		if err != nil {
			if got.Error == "" && got.Intact {
				t.Errorf("%d %s: the page verifies what the program refuses: %v", i, name, err)
			}
			continue
		}
		if got.Error != "" || got.Intact != want.Intact() || got.Signed != want.Signed || got.Fingerprint != evidence.Fingerprint(want.Key) {
			t.Errorf("%d %s: %+v; the program: intact %v, signed %v", i, name, got, want.Intact(), want.Signed)
		}
		var a, b []string
		for _, x := range got.Differences {
			a = append(a, x.What+" "+x.Part)
		}
		for _, x := range want.Differences {
			b = append(b, x.What+" "+x.Part)
		}
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%d %s: %v; the program: %v", i, name, a, b)
		}
	}
}

// One file: it fetches nothing, and its policy knows each of its scripts.
func TestOneFile(t *testing.T) {
	page := Page()
	for _, bad := range []string{"/*noble*/", "/*verify*/", "/*page*/", "<link", " src=", "http://", "fetch(", "innerHTML"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page, "</script>"); n != 3 {
		t.Errorf("%d ends of scripts: one of them lies within a script", n)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", "/verify", nil))
	if w.Body.String() != page || strings.Count(w.Header().Get("Content-Security-Policy"), "'sha256-") != 3 {
		t.Errorf("%v", w.Header())
	}
}

// In a real browser, with the policy of the handler: the page checks a file and
// says so.
func TestInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make test-deps` to get it")
	}
	good := string(evidencetest.Envelope(evidencetest.Calm))
	for _, c := range [][2]string{{good, "核验通过 Verified"}, {strings.Replace(good, "240 kg", "340 kg", 1), "/batch/quantity"}, {"{}", "无法核验"}} {
		text, err := json.Marshal(c[0])
		if err != nil {
			t.Fatal(err)
		}
		page := strings.Replace(Page(), "</body>", "<script>take(new File(["+strings.ReplaceAll(string(text), "<", `\u003c`)+"], 'a.json'))</script></body>", 1)
		path := filepath.Join(t.TempDir(), "page.html")
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom", "file://"+path).Output()
		if err != nil {
			t.Fatal(err)
		}
		_, shown, _ := strings.Cut(string(out), `id="out"`)
		shown, _, _ = strings.Cut(shown, "<hr>")
		if !strings.Contains(shown, c[1]) {
			t.Errorf("want %q: %s", c[1], shown)
		}
	}
}

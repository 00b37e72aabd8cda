package page

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"coldchain/alerting/trip"
	reasonwords "coldchain/gateway/words"
	"coldchain/sensors"
)

// declared reads the string constants of a type from the source of package
// sensors, so that a new one without a word fails here.
func declared(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "..", "sensors", file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := v.Type.(*ast.Ident); ok && name.Name == typ && len(v.Values) == 1 {
			s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		return true
	})
	return out
}

func TestEveryReasonAndQuantityHasWords(t *testing.T) {
	all := declared(t, "quality.go", "Reason")
	if len(all) < 20 {
		t.Fatalf("found %d reasons", len(all))
	}
	for _, r := range all {
		w, ok := reasonwords.Reason(sensors.Reason(r))
		if !ok || r != "" && (w.ZH == "" || w.EN == "") {
			t.Errorf("reason %q has no words", r)
		}
	}
	for _, q := range sensors.Quantities() {
		if w := quantities[q]; w[zh] == "" || w[en] == "" {
			t.Errorf("quantity %s has no words", q)
		}
		if rank(q) == len(order) {
			t.Errorf("quantity %s has no place on a card", q)
		}
		if w, ok := switches[q]; ok != q.IsState() || ok && (w[0][zh] == "" || w[0][en] == "" || w[1][zh] == "" || w[1][en] == "") {
			t.Errorf("the words of switch %s: %v", q, w)
		}
	}
}

var verbs = regexp.MustCompile(`%0?\d*[sd]`)

func TestEveryTextIsThereInBothLanguages(t *testing.T) {
	for key, w := range words {
		if w[zh] == "" || w[en] == "" {
			t.Errorf("%s lacks a language", key)
		}
		if a, b := verbs.FindAllString(w[zh], -1), verbs.FindAllString(w[en], -1); strings.Join(a, "") != strings.Join(b, "") {
			t.Errorf("%s has gaps %v and %v", key, a, b)
		}
	}
	// Every key that the package asks for by name is in the table.
	asked := regexp.MustCompile(`(?:l\.say|l\.with|v\.cell)\("([^"]+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(source), -1) {
			if found++; words[m[1]] == (word{}) && !slices.Contains([]string{"clock-", "was-", "phase-", "load-", "next-"}, m[1]) {
				t.Errorf("%s asks for %q, which has no words", name, m[1])
			}
		}
	}
	for _, p := range trip.Phases() {
		if words["phase-"+string(p)] == (word{}) {
			t.Errorf("phase %s has no words", p)
		}
	}
	for p := range trip.Phases() {
		if next := (Truck{Phase: trip.Phases()[p]}).next(); words["next-"+string(next)] == (word{}) {
			t.Errorf("the button for %s has no words", next)
		}
	}
	for _, l := range []trip.Load{trip.Empty, trip.Loaded, trip.LoadUnknown} {
		if words["load-"+string(l)] == (word{}) {
			t.Errorf("load %s has no words", l)
		}
	}
	if found < 20 {
		t.Errorf("found %d keys in the source", found)
	}
}

func TestAReasonThatNobodyKnowsIsShownAsItIs(t *testing.T) {
	if got := zh.reason("made-up"); got != "made-up" {
		t.Errorf("%q", got)
	}
}

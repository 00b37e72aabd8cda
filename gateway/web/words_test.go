package web_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"coldchain/sensors"
)

// A quantity, a unit or a reason that the page cannot name would be shown to
// people as a key. These tests hold the page's lists and its two languages
// against package sensors, so that a new one cannot be forgotten.

func TestPageKnowsEveryQuantity(t *testing.T) {
	var all, switches []string
	for _, q := range sensors.Quantities() {
		all = append(all, string(q))
		if q.IsState() {
			switches = append(switches, string(q))
		}
	}
	types := uiSource(t, "api/types.ts")
	if got := quoted(between(t, types, "export const quantities = [", "]")); !slices.Equal(got, all) {
		t.Errorf("quantities in types.ts are\n%v, those of package sensors, in their order,\n%v", got, all)
	}
	same(t, "switches in types.ts", quoted(between(t, types, "export type Switch = Extract<Quantity,", ">")), switches)
	for _, file := range []string{"i18n/zh.ts", "i18n/en.ts"} {
		same(t, "quantity in "+file, keysOf(t, uiSource(t, file), "quantity"), all)
		same(t, "switch in "+file, keysOf(t, uiSource(t, file), "switch"), switches)
	}
}

func TestPageKnowsEveryUnit(t *testing.T) {
	units := between(t, uiSource(t, "model/format.ts"), "const units: Record<string, string> = {", "}")
	for _, q := range sensors.Quantities() {
		u := string(q.Unit())
		if !regexp.MustCompile(`(^|[\s'])` + regexp.QuoteMeta(u) + `'?: '`).MatchString(units) {
			t.Errorf("format.ts does not say how people write the unit %q of %s", u, q)
		}
	}
}

func TestPageKnowsEveryReason(t *testing.T) {
	want := declaredReasons(t)
	types := uiSource(t, "api/types.ts")
	same(t, "reasons in types.ts", quoted(between(t, types, "export const reasons = [", "]")), want)
	for _, file := range []string{"i18n/zh.ts", "i18n/en.ts"} {
		same(t, "reason in "+file, keysOf(t, uiSource(t, file), "reason"), want)
	}
}

// declaredReasons are the values of all constants of type Reason in package
// sensors, as its source declares them; NoReason is not one to show.
func declaredReasons(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../sensors/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			kind, isName := v.Type.(*ast.Ident)
			text, isText := v.Values[0].(*ast.BasicLit)
			if isName && isText && kind.Name == "Reason" {
				if s, err := strconv.Unquote(text.Value); err == nil && s != "" {
					out = append(out, s)
				}
			}
			return true
		})
	}
	if !slices.Contains(out, string(sensors.Timeout)) || !slices.Contains(out, string(sensors.CalibrationExpired)) {
		t.Fatalf("the constants of package sensors were not found: %v", out)
	}
	return out
}

func uiSource(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(os.DirFS("ui/src"), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	inside, _, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("%q … %q is not in the source", from, to)
	}
	return inside
}

var (
	inQuotes = regexp.MustCompile(`'([^']+)'`)
	entry    = regexp.MustCompile(`(?m)^    '?([a-z0-9-]+)'?: ['{]`)
)

func quoted(text string) (out []string) {
	for _, m := range inQuotes.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// keysOf are the keys of one object at the top of a catalogue.
func keysOf(t *testing.T, catalogue, object string) (out []string) {
	t.Helper()
	for _, m := range entry.FindAllStringSubmatch(between(t, catalogue, "\n  "+object+": {", "\n  }"), -1) {
		out = append(out, m[1])
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s: %q is missing", what, w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("%s: %q is not one of package sensors", what, g)
		}
	}
}

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

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/duty"
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

// A rule without a word would be shown to a store keeper as a key.
func TestPageKnowsEveryRule(t *testing.T) {
	want := append(declared(t, "../../alerting/*.go", "RuleName"), declared(t, "../../alerting/duty/*.go", "RuleName")...)
	if !slices.Contains(want, string(alerting.HighLimit)) || !slices.Contains(want, string(duty.DrillMissed)) {
		t.Fatalf("the rules of packages alerting and duty were not found: %v", want)
	}
	same(t, "rules in types.ts", quoted(between(t, uiSource(t, "api/types.ts"), "export const rules = [", "]")), want)
	for _, file := range []string{"i18n/zh.ts", "i18n/en.ts"} {
		// Every quoted name of a rule and every bare one stands before a colon.
		words := between(t, uiSource(t, file), "\n    rule: {", "\n    }")
		same(t, "rule in "+file, ruleKeys(words), want)
	}
}

// What the watch gives as an alarm's reason, and what its figures are.
func TestPageKnowsWhatTheWatchSays(t *testing.T) {
	reasons := append(declared(t, "../../alerting/watch/*.go", "Reason"), ageingReasons()...)
	for _, file := range []string{"i18n/zh.ts", "i18n/en.ts"} {
		own := between(t, uiSource(t, file), "\n    own: {", "\n    }")
		for _, r := range reasons {
			if r != string(sensors.CalibrationExpired) && !strings.Contains(own, "'"+r+"': '") { // that one is a reading's, too
				t.Errorf("%s has no words for the reason %q", file, r)
			}
		}
		figures := between(t, uiSource(t, file), "\n    figure: {", "\n    }")
		for _, rule := range []alerting.RuleName{alerting.RateOfRise, alerting.PullDown, alerting.Condensation, alerting.CompressorSilent, alerting.Spoilage} {
			if !regexp.MustCompile(`'?` + string(rule) + `'?: \{ now: '[^']+', peak: '[^']+', limit: '[^']+' \}`).MatchString(figures) {
				t.Errorf("%s does not say what the figures of %s are", file, rule)
			}
		}
	}
	if len(reasons) < 8 {
		t.Errorf("only %d reasons were found: %v", len(reasons), reasons)
	}
}

// ageingReasons are those of a spoilage alarm.
func ageingReasons() (out []string) {
	for _, r := range []sensors.Reason{ageing.LifeUsed, ageing.Late, ageing.ShareUsed, ageing.MaybeLate, ageing.MaybeShare} {
		out = append(out, string(r))
	}
	return out
}

// ruleKeys are the keys of an object with several of them on a line.
func ruleKeys(words string) (out []string) {
	for _, m := range regexp.MustCompile(`(?:^|[{,\n])\s*'?([a-z-]+)'?: '`).FindAllStringSubmatch(words, -1) {
		out = append(out, m[1])
	}
	return out
}

// What a person can be, and what he can answer, in the order of package duty:
// the page's buttons stand in that order.
func TestPageKnowsEveryRoleAndStep(t *testing.T) {
	people := uiSource(t, "api/people.ts")
	var roles, steps []string
	for _, r := range duty.Roles() {
		roles = append(roles, string(r))
	}
	for _, a := range duty.Answers() {
		steps = append(steps, string(a))
	}
	if got := quoted(between(t, people, "export const roles = [", "]")); !slices.Equal(got, roles) {
		t.Errorf("roles in people.ts are %v, those of package duty %v", got, roles)
	}
	if got := quoted(between(t, people, "export const stepNames = [", "]")); !slices.Equal(got, steps) {
		t.Errorf("steps in people.ts are %v, those of package duty %v", got, steps)
	}
	// A day that is not one of package duty's is refused by it.
	for _, day := range quoted(between(t, people, "export const weekdays = [", "]")) {
		p := duty.Person{ID: "a", Name: "a", Roles: []duty.Role{duty.Keeper}, Hours: map[duty.Weekday][]duty.Span{duty.Weekday(day): nil}}
		if err := (duty.Roster{Persons: []duty.Person{p}}).Check(nil); err != nil {
			t.Errorf("people.ts: %v", err)
		}
	}
}

// declaredReasons are all of package sensors; NoReason is not one to show.
func declaredReasons(t *testing.T) []string {
	t.Helper()
	out := declared(t, "../../sensors/*.go", "Reason")
	if !slices.Contains(out, string(sensors.Timeout)) || !slices.Contains(out, string(sensors.CalibrationExpired)) {
		t.Fatalf("the constants of package sensors were not found: %v", out)
	}
	return out
}

// declared are the values of all constants of a type, as the source of its
// package declares them.
func declared(t *testing.T, glob, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob(glob)
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
			kind := ""
			switch x := v.Type.(type) {
			case *ast.Ident:
				kind = x.Name
			case *ast.SelectorExpr: // of another package
				kind = x.Sel.Name
			}
			text, isText := v.Values[0].(*ast.BasicLit)
			if isText && kind == typeName {
				if s, err := strconv.Unquote(text.Value); err == nil && s != "" {
					out = append(out, s)
				}
			}
			return true
		})
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
			t.Errorf("%s: %q is not one that the packages know", what, g)
		}
	}
}

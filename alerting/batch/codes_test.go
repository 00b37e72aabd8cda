package batch

import (
	"errors"
	"strings"
	"testing"
)

// The examples are published: GS1's own demonstration GTIN and the ones of its
// General Specifications, the code in GB 32100-2015 and those of listed firms,
// licence numbers as printed on packages.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		kind  CodeKind
		value string
		lot   string
		want  string // part of the fault; empty: right
	}{
		{TraceCode, "追溯 15062500012345", "", ""},
		{TraceCode, strings.Repeat("9", 64), "", ""},
		{TraceCode, strings.Repeat("9", 65), "", "65 characters"},
		{TraceCode, "", "", "0 characters"},
		{TraceCode, "12\n34", "", "cannot be seen"},
		{TraceCode, " 1234", "", "space"},
		{OwnCode, "HJQ261123-TLG-007", "", ""},
		{OwnCode, "HJQ261123-TLG-007", "L1", "only a GTIN"},
		{GTINLot, "09521234543213", "LOT-1", ""},
		{GTINLot, "4006381333931", "a/b", ""},
		{GTINLot, "036000291452", "1", ""},
		{GTINLot, "96385074", "1", ""},
		{GTINLot, "09521234543214", "LOT-1", "asks for"},
		{GTINLot, "4006381333913", "1", "check character"},
		{GTINLot, "0952123454321", "", "check character"},
		{GTINLot, "123456789", "1", "8, 12, 13 or 14"},
		{GTINLot, "09521234543213", "", "GS1 lot"},
		{GTINLot, "09521234543213", "123456789012345678901", "GS1 lot"},
		{GTINLot, "09521234543213", "批号", "GS1 lot"},
		{EarTag, "315062500012345", "", ""},
		{EarTag, "115062500012345", "", ""},
		{EarTag, "415062500012345", "", "15 digits"},
		{EarTag, "31506250001234", "", "15 digits"},
		{EarTag, "31506250001234x", "", "15 digits"},
		{SCNumber, "SC10811310111839", "", ""},
		{SCNumber, "SC11834020305037", "", ""},
		{SCNumber, "SC11464010500015", "", ""},
		{SCNumber, "SC12221021200659", "", ""},
		{SCNumber, "SC10744030704994", "", ""},
		{SCNumber, "SC10744030704993", "", "check character"},
		{SCNumber, "SC10744030704949", "", "check character"},
		{SCNumber, "10744030704994", "", "SC and 14"},
		{"isbn", "1", "", "kind of code"},
	} {
		holds(t, string(c.kind)+" "+c.value, Code{c.kind, c.value, c.lot}.Check(), strings.Replace(c.want, "asks for", "ask for", 1))
	}
}

func holds(t *testing.T, what string, err error, want string) {
	t.Helper()
	var f *Fault
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case want != "" && (!errors.As(err, &f) || !strings.Contains(f.EN, want) || f.ZH == "" || strings.Contains(f.ZH+f.EN, "%!")):
		t.Errorf("%s: want a fault with %q, got %v %+v", what, want, err, f)
	}
}

func TestCreditCodes(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{"91350100M000100Y43", ""}, // GB 32100-2015, appendix A
		{"91110000802100433B", ""},
		{"9144030071526726XG", ""},
		{"91330100799655058B", ""},
		{"91440300708461136T", ""},
		{"91350100M000100Y34", "check character"},
		{"91350100M000010Y43", "check character"},
		{"91350100M00010OY43", "18 digits"}, // the letter O
		{"91350100m000100y43", "18 digits"},
		{"9135010M000100Y43", "18 digits"},
		{"91350100M000100Y4I", "18 digits"},
	} {
		holds(t, c.code, CheckCredit(c.code), c.want)
	}
	holds(t, "nobody", Party{}.Check(), "")
	holds(t, "a person", Party{Name: "巴图"}.Check(), "")
	holds(t, "no name", Party{Code: "91350100M000100Y43"}.Check(), "no name")
}

// A check digit finds every single wrong digit, of each kind that has one.
func TestOneWrongDigitIsFound(t *testing.T) {
	for _, c := range []Code{{GTINLot, "09521234543213", "1"}, {SCNumber, "SC10811310111839", ""}} {
		for i := range c.Value {
			for d := byte('0'); d <= '9'; d++ {
				b := []byte(c.Value)
				if b[i] == d || b[i] > '9' {
					continue
				}
				b[i] = d
				if (Code{c.Kind, string(b), c.Lot}).Check() == nil {
					t.Errorf("%s for %s was taken", b, c.Value)
				}
			}
		}
	}
}

func FuzzCodes(f *testing.F) {
	f.Add("gtin", "09521234543213", "L")
	f.Add("sc", "SC10811310111839", "")
	f.Add("ear-tag", "\xff", "")
	f.Fuzz(func(t *testing.T, kind, value, lot string) {
		_ = Code{CodeKind(kind), value, lot}.Check()
		_ = CheckCredit(value)
		_, _ = ParseQuantity(value)
	})
}

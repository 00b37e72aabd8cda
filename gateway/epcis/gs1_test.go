package epcis

import (
	"slices"
	"strings"
	"testing"

	"coldchain/alerting/batch"
)

// The vectors are of gs1-syntax-engine (Apache-2.0).
func TestDigitalLinkIsWrittenAsGS1Writes(t *testing.T) {
	for _, c := range []struct{ id, elements, stem, want string }{
		{"DL-01", "(01)12312312312326(22)ABC(10)DEF(21)GHI", "https://example.com", "https://example.com/01/12312312312326/22/ABC/10/DEF/21/GHI"},
		{"DL-02", "(21)XYZ(01)12312312312333(10)ABC123(99)XYZ", "https://example.com", "https://example.com/01/12312312312333/10/ABC123/21/XYZ?99=XYZ"},
		{"DL-03", "(01)12312312312333(10)ABC+123(99)XYZ+QWERTY", "https://example.com/", "https://example.com/01/12312312312333/10/ABC%2B123?99=XYZ%2BQWERTY"},
	} {
		elements, err := ParseElements(c.elements)
		if err != nil {
			t.Errorf("%s: %v", c.id, err)
			continue
		}
		if got, err := Link(c.stem, elements); got != c.want || err != nil {
			t.Errorf("%s: %s %v; want %s", c.id, got, err, c.want)
		}
	}
}

func TestDigitalLinkIsRead(t *testing.T) {
	for uri, want := range map[string]string{
		"https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ":                           "^011231231231233322TEST^10ABC^21XYZ", // DL-04
		"https://a.example/shop/01/12312312312333/10/ABC%2B1?17=261231&linkType=all":  "^011231231231233310ABC+1^17261231",
		"https://a.example/01/12312312312333/10/100%25":                               "^011231231231233310100%",
		"HTTPS://A.EXAMPLE/01/12312312312333?3103=001500":                             "^01123123123123333103001500",
		"https://id.gs1.org/00/040123450000003338":                                    "^00040123450000003338",
		"https://id.gs1.org/01/12312312312333/10/A+B?utm_source=x&99=%2B#at-the-ramp": "^011231231231233310A+B^99+",
	} {
		elements, err := ParseLink(uri)
		if got := ElementString(elements); got != want || err != nil {
			t.Errorf("%s: %q %v; want %q", uri, got, err, want)
		}
	}
}

func TestDigitalLinkIsRefused(t *testing.T) {
	for name, uri := range map[string]string{
		"DL-05 a name":           "https://a/gtin/12312312312333",
		"DL-05 no value":         "https://a/01/12312312312333/10/",
		"DL-05 a slash too many": "https://a/01/12312312312333/",
		"DL-05 mixed scheme":     "HtTp://a/01/12312312312333",
		"check digit":            "https://a/01/12312312312334",
		"qualifiers' order":      "https://a/01/12312312312333/21/X/10/Y",
		"a lot twice":            "https://a/01/12312312312333/10/X?10=Y",
		"lot too long":           "https://a/01/12312312312333/10/123456789012345678901",
		"no host":                "https:///01/12312312312333",
		"character":              "https://a/01/12312312312333/10/羊",
		"our own address":        "https://trace.example/b/HJQ261123-TLG-007",
		"too long":               "https://a/" + strings.Repeat("x", 3000),
	} {
		if got, err := ParseLink(uri); err == nil {
			t.Errorf("%s: %s was read as %v", name, uri, got)
		}
	}
}

func TestLinkWantsOneKey(t *testing.T) {
	for _, elements := range [][]Element{
		nil, {{"10", "ABC"}}, {{"01", "12312312312333"}, {"414", "4012345000115"}}, {{"01", "12312312312333"}, {"10", "A"}, {"10", "B"}},
		{{"01", "12312312312334"}}, {{"01", "12312312312333"}, {"8888", "A"}},
	} {
		if got, err := Link("https://example.com", elements); err == nil {
			t.Errorf("%v became %s", elements, got)
		}
	}
}

// GT-01, of biip and GS1's EPCIS examples.
func TestCheckDigit(t *testing.T) {
	for digits, want := range map[string]byte{"0703206980498": '8', "0061414112345": '2', "0401234511111": '8', "0952123454321": '3'} {
		if got := batch.GS1Digit(digits); got != want {
			t.Errorf("check digit of %s is %c, want %c", digits, got, want)
		}
		for d := byte('0'); d <= '9'; d++ {
			if CheckDigit(digits+string(d)) != (d == want) {
				t.Errorf("%s%c: wrong answer", digits, d)
			}
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ?99=%2B")
	f.Add("https://a/01/12312312312333/10/%25")
	f.Fuzz(func(t *testing.T, uri string) {
		elements, err := ParseLink(uri)
		if err != nil {
			return
		}
		again, err := Link("https://a", elements)
		if err != nil {
			t.Fatalf("%q was read as %v, which cannot be written: %v", uri, elements, err)
		}
		back, err := ParseLink(again)
		byAI := func(a, b Element) int { return strings.Compare(a.AI, b.AI) } // a lot behind the question mark moves into the path
		slices.SortFunc(elements, byAI)
		slices.SortFunc(back, byAI)
		if err != nil || !slices.Equal(back, elements) {
			t.Fatalf("%q: %v was written as %q and read as %v (%v)", uri, elements, again, back, err)
		}
	})
}

package batch

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CodeKind is what sort of code a code is.
type CodeKind string

// The kinds of codes that goods, animals and firms carry.
const (
	// TraceCode is 追溯码 of a platform. Its layout is nowhere published: it is
	// kept as it was given, letter for letter.
	TraceCode CodeKind = "trace"
	OwnCode   CodeKind = "own"     // what a firm writes on its own slips
	GTINLot   CodeKind = "gtin"    // GS1: a GTIN, and a lot in Lot
	EarTag    CodeKind = "ear-tag" // of livestock, 畜禽标识
	SCNumber  CodeKind = "sc"      // food producer's licence, 食品生产许可证编号
)

// CodeKinds are all of them.
func CodeKinds() []CodeKind { return []CodeKind{TraceCode, OwnCode, GTINLot, EarTag, SCNumber} }

// Code is one more name of a batch, beside its own.
type Code struct {
	Kind  CodeKind `json:"kind"`
	Value string   `json:"value"`
	Lot   string   `json:"lot,omitempty"` // of a GTIN: the lot, AI (10)
}

// maxCode bounds a code, in characters.
const maxCode = 64

// Check returns what is wrong with a code, a *Fault, or nil. A code that
// carries a check digit is checked by it: a slip of the pen is found here and
// not at a recall.
func (c Code) Check() error {
	if c.Lot != "" && c.Kind != GTINLot {
		return fault("代码 %[1]s：只有 GTIN 才带批号", "code %.64[1]q: only a GTIN has a lot", c.Value)
	}
	switch c.Kind {
	case TraceCode, OwnCode:
		return checkOpaque(c.Value)
	case GTINLot:
		if err := CheckGTIN(c.Value); err != nil {
			return err
		}
		return checkLot(c.Lot)
	case EarTag:
		return CheckEarTag(c.Value)
	case SCNumber:
		return CheckSC(c.Value)
	}
	return fault("代码种类 %.20[1]q 不认识：应为 %[2]v 之一", "kind of code %.20[1]q: want one of %[2]v", string(c.Kind), CodeKinds())
}

func checkOpaque(s string) error {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fault("代码 %.64[1]q 里有看不见的字符，请重新录入", "code %.64[1]q holds characters that cannot be seen; type it again", s)
	case n == 0 || n > maxCode:
		return fault("代码有 %[1]d 个字符，应为 1 到 %[2]d 个", "the code has %[1]d characters; want 1 to %[2]d", n, maxCode)
	case s != strings.TrimSpace(s):
		return fault("代码 %[1]q 前后有空格，请去掉", "code %[1]q begins or ends with a space; take it away", s)
	}
	return nil
}

// digits reports whether s is n decimal digits.
func digits(s string, n int) bool {
	return len(s) == n && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// CheckGTIN checks a GTIN of 8, 12, 13 or 14 digits by its check digit, see
// GS1Digit.
func CheckGTIN(s string) error {
	if !slices.ContainsFunc([]int{8, 12, 13, 14}, func(n int) bool { return digits(s, n) }) {
		return fault("GTIN %.20[1]q 应为 8、12、13 或 14 位数字", "GTIN %.20[1]q: want 8, 12, 13 or 14 digits", s)
	}
	return wrongDigit("GTIN", s, GS1Digit(s[:len(s)-1]))
}

// GS1Digit works out the check digit that goes behind the digits of a GTIN, GLN
// or SSCC: from the right they weigh 3, 1, 3, 1 (GS1 General Specifications,
// section 7.9.1).
func GS1Digit(digits string) byte {
	sum := 0
	for i := range digits {
		weight := 3
		if (len(digits)-1-i)%2 == 1 {
			weight = 1
		}
		sum += weight * int(digits[i]-'0')
	}
	return '0' + byte((10-sum%10)%10)
}

// GTIN14 writes a GTIN with the 14 digits that application identifier (01) has:
// shorter ones get zeros in front (GS1 General Specifications, section 3.3.2).
func GTIN14(s string) string {
	const width = 14
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// wrongDigit compares a code's last character with the one worked out.
func wrongDigit(what, s string, want byte) error {
	if last := s[len(s)-1]; last != want {
		return fault("%[1]s %[2]s 的校验位不对（末位是 %[3]c，按前面各位算应为 %[4]c），请核对原件",
			"%[1]s %[2]s: the check character is wrong (it ends in %[3]c, the others ask for %[4]c); compare it with the original", what, s, last, want)
	}
	return nil
}

// gs1Special are the characters of GS1's set 82 beside letters and digits.
const gs1Special = `!"%&'()*+,-./:;<=>?_`

func checkLot(s string) error {
	const most = 20 // AI (10) is X..20
	bad := strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(gs1Special, r)
	})
	if s == "" || len(s) > most || bad {
		return fault("GS1 批号 %.40[1]q 应为 1 到 %[2]d 个字母、数字或 GS1 允许的符号", "GS1 lot %.40[1]q: want 1 to %[2]d letters, digits or signs of GS1's set 82", s, most)
	}
	return nil
}

// CheckEarTag checks a livestock ear tag: species (1 pig, 2 cattle, 3 sheep and
// goats), six digits of the county (GB/T 2260) and eight of a running number.
// It carries no check digit. Source: 《畜禽标识和养殖档案管理办法》.
func CheckEarTag(s string) error {
	if !digits(s, 15) || s[0] < '1' || s[0] > '3' {
		return fault("耳标号 %.20[1]q 应为 15 位数字，首位 1 猪、2 牛、3 羊，后接 6 位县代码和 8 位序号",
			"ear tag %.20[1]q: want 15 digits, the first 1 (pig), 2 (cattle) or 3 (sheep, goat), then 6 of the county and 8 of a running number", s)
	}
	return nil
}

// CheckSC checks a food producer's licence number: SC and 14 digits, the last
// by ISO 7064 MOD 11,10 (GB/T 17710). Source: 《食品生产许可管理办法》.
func CheckSC(s string) error {
	rest, ok := strings.CutPrefix(s, "SC")
	if !ok || !digits(rest, 14) {
		return fault("食品生产许可证编号 %.20[1]q 应为 SC 加 14 位数字", "licence number %.20[1]q: want SC and 14 digits", s)
	}
	p := 10
	for _, r := range rest[:13] {
		p = (p + int(r-'0')) % 10
		if p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return wrongDigit("SC", s, byte('0'+(11-p)%10))
}

// creditSet are the characters of a unified social credit code (GB 32100-2015,
// table 2): no I, O, S, V, Z, which are taken for others.
const creditSet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// CheckCredit checks a unified social credit code 统一社会信用代码 by its check
// character (GB 32100-2015, appendix A).
func CheckCredit(s string) error {
	sum, weight := 0, 1
	if len(s) == 18 {
		for i := range 17 {
			v := strings.IndexByte(creditSet, s[i])
			if v < 0 {
				sum = -1
				break
			}
			sum, weight = sum+v*weight, weight*3%31
		}
	}
	if len(s) != 18 || sum < 0 || strings.IndexByte(creditSet, s[17]) < 0 {
		return fault("统一社会信用代码 %.24[1]q 应为 18 位数字或大写字母（不含 I、O、S、V、Z）",
			"unified social credit code %.24[1]q: want 18 digits or capital letters (without I, O, S, V, Z)", s)
	}
	return wrongDigit("统一社会信用代码", s, creditSet[(31-sum%31)%31])
}

// Check returns what is wrong with a party, a *Fault, or nil. The zero party is
// nobody and right.
func (p Party) Check() error {
	if p.Code == "" {
		return nil // a natural person, or nobody
	}
	if strings.TrimSpace(p.Name) == "" {
		return fault("统一社会信用代码 %[1]s 没有写单位名称", "the unified social credit code %[1]s has no name beside it", p.Code)
	}
	return CheckCredit(p.Code)
}

package wording

import (
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

var cst = time.FixedZone("CST", 8*60*60)

type labels struct{ site, zone, kind string }

func (l labels) Site(string, Language) string           { return l.site }
func (l labels) Zone(string, Language) (string, string) { return l.zone, l.kind }
func (l labels) Person(id string) string                { return id }

func composer(l labels, s Subject) Composer {
	return Composer{Names: l, Location: cst, Subject: func(string) (Subject, bool) { return s, true }}
}

var kinds = []string{"frozen", "chilled", "dairy", "vegetable", "potato", "warm-crop", "frozen-box", "chilled-box", "technical", ""}

// TestShortIsShort: whatever the labels, rules and values, the short text fits
// into one message, names what is wrong, and is whole characters.
func TestShortIsShort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	long := []string{"", "库", "巴拉贡镇农牧业冷链物流中心第二分拣配送冷藏仓库扩建部分临时库区东侧三号门内甲区", strings.Repeat("长", 300),
		strings.Repeat("𠮷", 80), "Balagong Township Cold Chain Logistics Centre, Second Extension", "坏\xff\xfe字", "a\nb"}
	rule := func() alerting.RuleName {
		for name := range rules {
			return name
		}
		return ""
	}
	messages := []notify.Kind{notify.Raised, notify.Grown, notify.Reminder, notify.Returned, notify.Digest, notify.AllWell, notify.Review, notify.Drill, notify.Trouble}
	for range 5000 {
		start := time.Unix(r.Int64N(4e9), 0)
		s := Subject{Alarm: alerting.Alarm{Rule: rule(), Object: "s/z/p", Start: start, HasValue: r.IntN(2) == 0, Limit: r.NormFloat64() * 1e3,
			LastValue: r.NormFloat64() * 1e3, Peak: r.NormFloat64() * 1e3}}
		for range r.IntN(5) {
			s.Batches = append(s.Batches, pick(long))
		}
		if left := time.Duration(r.Int64N(1e16)); r.IntN(2) == 0 {
			s.Left = &left
		}
		i := duty.Intent{Kind: messages[r.IntN(len(messages))], At: start.Add(time.Duration(r.Int64N(1e15))), Folded: r.IntN(5000), Count: r.IntN(200),
			Subject: pick(long), Missed: []string{pick(long), pick(long)}}
		for n := range 1 + r.IntN(30) {
			i.Covers = append(i.Covers, duty.Cover{Alarm: "x", Rule: rule(), Object: strings.Repeat("s", n) + "/z/p"})
			i.Reports = append(i.Reports, duty.Report{Site: "s", Well: r.IntN(2) == 0, Alarms: r.IntN(1000)})
		}
		if r.IntN(3) == 0 {
			i.Wide, i.Sites = duty.Power, r.IntN(5000)
		}
		if r.IntN(3) == 0 {
			i.Covers = i.Covers[:1]
		}
		for _, l := range []Language{Chinese, English} {
			c := composer(labels{pick(long), pick(long), pick(kinds)}, s)
			w := c.Compose(l, i)
			if n := units(w.Short); n == 0 || n > MostShort || !utf8.ValidString(w.Short) {
				t.Fatalf("%d units: %q of %+v", n, w.Short, i)
			}
			if w.Title == "" || w.Text == "" || strings.Contains(w.Short, "%!") || strings.Contains(w.Text, "%!") {
				t.Fatalf("title %q, text %q", w.Title, w.Text)
			}
			if len(i.Covers) == 1 && i.Kind == notify.Raised && i.Wide == "" {
				if what := c.what(l, s); !strings.Contains(w.Short, cut(what, 40)) {
					t.Fatalf("%q does not say %q", w.Short, what)
				}
			}
		}
	}
}

// TestEveryWordThatIsSaidIsThere reads this package's own source.
func TestEveryWordThatIsSaidIsThere(t *testing.T) {
	n := 0
	for _, file := range []string{"compose.go", "many.go", "short.go", "watched.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`say\("([^"]+)"\)`).FindAllStringSubmatch(string(text), -1) {
			n++
			if _, ok := words[m[1]]; !ok {
				t.Errorf("%s says %q, which has no words", file, m[1])
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d words were found", n)
	}
}

func TestNumbersHaveARealMinusAndNoZeroWithASign(t *testing.T) {
	for v, want := range map[float64]string{-18: "−18", -18.04: "−18", -0.04: "0", 7.449: "7.4", 0: "0", 12.96: "13", -0.5: "−0.5"} {
		if got := Number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// TestEveryRuleHasThreeLines: of every rule and kind of zone, in both languages.
func TestEveryRuleHasThreeLines(t *testing.T) {
	for name := range rules {
		for _, kind := range kinds {
			for _, l := range []Language{Chinese, English} {
				for n, line := range l.Todo(name, kind) {
					if line == "" || units(line) > 40 {
						t.Errorf("%s in %q, line %d: %q", name, kind, n+1, line)
					}
				}
				if l.what(name) == "" || l == Chinese && l.what(name) == string(name) {
					t.Errorf("%s has no words", name)
				}
			}
		}
	}
	if len(words) == 0 {
		t.Fatal("no words")
	}
	for key, w := range words {
		if w[0] == "" || w[1] == "" || strings.Count(w[0], "%") != strings.Count(w[1], "%") {
			t.Errorf("%s: %q", key, w)
		}
	}
}

// TestWholeMessage pins one message, part by part.
func TestWholeMessage(t *testing.T) {
	left := 40 * time.Minute
	start := time.Date(2026, 7, 1, 2, 10, 0, 0, cst)
	s := Subject{Alarm: alerting.Alarm{Rule: alerting.HighLimit, Object: "balagong/mutton/air", Start: start, HasValue: true, Limit: -18, LastValue: -15.5, Peak: -15},
		Batches: []string{"B1", "B2", "B3"}, Left: &left}
	c := composer(labels{"巴拉贡", "羊肉库", "frozen"}, s)
	i := duty.Intent{Kind: notify.Raised, At: start.Add(20 * time.Minute), Count: 2, Folded: 3, Covers: []duty.Cover{{Alarm: "x", Rule: alerting.HighLimit, Object: "balagong/mutton/air"}}}
	w := c.Compose(Chinese, i)
	want := "巴拉贡羊肉库 −15.5 °C，超过上限−18 °C\n02:10起，约剩40分钟，第2次，另有3处受影响\n批次B1、B2等3批\n1. 关紧门，不再进货\n2. 看是否除霜或停机\n3. 叫制冷维修"
	if w.Text != want {
		t.Errorf("got\n%s\nwant\n%s", w.Text, want)
	}
	if w.Short != "巴拉贡羊肉库 −15.5 °C，超过上限−18 °C，02:10起，约剩40分钟，批次B1、B2等3批，关紧门，不再进货，第2次" {
		t.Errorf("%q is %d", w.Short, units(w.Short))
	}
	for field, value := range map[string]string{"place": "巴拉贡羊肉库", "what": "−15.5 °C，超过上限−18 °C", "since": "02:10起", "left": "约剩40分钟", "batches": "批次B1、B2等3批", "todo": "关紧门，不再进货"} {
		if w.Fields[field] != value {
			t.Errorf("%s: %q, want %q", field, w.Fields[field], value)
		}
	}
}

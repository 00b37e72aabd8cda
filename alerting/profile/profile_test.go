package profile

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
)

func builtinSet(t testing.TB) Set {
	t.Helper()
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestBuiltinProfilesHaveASourceForEveryNumber(t *testing.T) {
	set := builtinSet(t)
	for _, want := range []string{"mutton-chilled", "mutton-frozen", "beef-chilled", "beef-frozen", "offal-chilled", "milk", "yoghurt", "egg", "potato", "leafy", "carrot", "tomato"} {
		if _, ok := set[want]; !ok {
			t.Errorf("there is no profile %s", want)
		}
	}
	for _, name := range set.Names() {
		file := "profiles/" + name + ".yaml"
		if _, err := builtin.ReadFile(file); err != nil {
			t.Errorf("profile %s is not in the file of its name", name)
		}
		for _, l := range set[name].Limits {
			if l.Source == "" {
				t.Errorf("%s: %s limit %g has no source", name, l.Side, l.Value)
			}
		}
	}
}

func TestAMistakeHasAFileAndALine(t *testing.T) {
	dirs, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(dirs) < 10 {
		t.Fatalf("%d mistakes: %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "profile.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(dir, "want.txt"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse("profile.yaml", bytes.NewReader(text))
			if err == nil || !strings.HasPrefix(err.Error(), "profile.yaml:") || !strings.Contains(err.Error(), strings.TrimSpace(string(want))) {
				t.Errorf("got %v\nwant profile.yaml: … %s", err, want)
			}
		})
	}
}

func line(s alerting.Side, l alerting.Level, v float64, minutes int) alerting.Limit {
	return alerting.Limit{Side: s, Level: l, Value: v, Delay: time.Duration(minutes) * time.Minute}
}

func TestTheStrictestLimitsHold(t *testing.T) {
	set := builtinSet(t)
	band, _, _ := alerting.DefaultLimits("chilled")
	for _, c := range []struct {
		what      string
		band      []alerting.Limit
		goods     []string
		want      []alerting.Limit
		conflicts int
	}{
		{what: "an empty room keeps its band", band: band, want: band},
		{what: "goods with the room's own limits change nothing", band: band, goods: []string{"mutton-chilled", "mutton-chilled"}, want: band},
		{what: "offal in a meat room is judged by its 3 °C", band: band, goods: []string{"mutton-chilled", "offal-chilled"}, want: []alerting.Limit{
			line(alerting.High, alerting.Excursion, 7, 10), line(alerting.Low, alerting.Warning, -1, 15), inADay(line(alerting.High, alerting.Excursion, 7, 60)),
			line(alerting.High, alerting.Warning, 3, 15), line(alerting.High, alerting.Excursion, 4, 30),
		}},
		{what: "a harder line that is more patient stays", band: []alerting.Limit{line(alerting.High, alerting.Warning, 10, 5)}, goods: []string{"egg"}, want: []alerting.Limit{
			line(alerting.High, alerting.Warning, 10, 5), line(alerting.High, alerting.Warning, 8, 60), line(alerting.Low, alerting.Warning, 0, 15),
		}},
		{what: "a sum is not covered by a run, nor by a sum over less", band: []alerting.Limit{inADay(line(alerting.High, alerting.Warning, 10, 5))}, goods: []string{"egg"}, want: []alerting.Limit{
			inADay(line(alerting.High, alerting.Warning, 10, 5)), line(alerting.High, alerting.Warning, 8, 60), line(alerting.Low, alerting.Warning, 0, 15),
		}},
		{what: "carrots and cucumbers cannot agree", goods: []string{"carrot", "cucumber"}, conflicts: 1, want: []alerting.Limit{
			line(alerting.High, alerting.Warning, 6, 60), line(alerting.Low, alerting.Excursion, 2, 10), line(alerting.Low, alerting.Warning, 7, 120),
		}},
		{what: "raw meat beside vegetables", band: band, goods: []string{"mutton-chilled", "leafy"}, conflicts: 1},
		{what: "tomatoes in a cold room", band: band, goods: []string{"tomato"}, conflicts: 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			var goods []Profile
			for _, name := range c.goods {
				goods = append(goods, set[name])
			}
			got, conflicts := Strictest(c.band, goods)
			if c.want != nil && !sameLines(got, c.want) {
				t.Errorf("limits\n%v\nwant\n%v", got, c.want)
			}
			if len(conflicts) != c.conflicts {
				t.Errorf("conflicts %v, want %d", conflicts, c.conflicts)
			}
			for _, x := range conflicts {
				if x.Text.ZH == "" || x.Text.EN == "" {
					t.Errorf("a conflict without words: %+v", x)
				}
			}
		})
	}
}

func inADay(l alerting.Limit) alerting.Limit {
	l.Within = 24 * time.Hour
	return l
}

func sameLines(a, b []alerting.Limit) bool {
	set := func(l []alerting.Limit) map[alerting.Limit]int {
		m := map[alerting.Limit]int{}
		for _, x := range l {
			m[x]++
		}
		return m
	}
	return reflect.DeepEqual(set(a), set(b))
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"potato", "milk"} {
		text, err := builtin.ReadFile("profiles/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("x.yaml", bytes.NewReader(text))
		if err == nil && (p.Name == "" || len(p.Limits) == 0) {
			t.Errorf("an empty profile was taken: %+v", p)
		}
		if err == nil && p.Life != nil {
			if days, err := p.Life.DaysAt(p.Life.ReferenceC()); err != nil || !(days > 0) {
				t.Errorf("a life of %g days at its own reference, %v: %+v", days, err, p.Life)
			}
		}
	})
}

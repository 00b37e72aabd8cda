package tool

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/spoilage"
)

// coldchain runs one command line and returns what it printed.
func coldchain(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, bad bytes.Buffer
	status = Run(t.Context(), "test", args, &out, &bad)
	return status, out.String(), bad.String()
}

func writeLog(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestModelListsEveryModelWithItsSureness(t *testing.T) {
	status, text, bad := coldchain(t, "model")
	_, list, _ := coldchain(t, "model", "--json")
	var models []spoilage.Model
	if err := json.Unmarshal([]byte(list), &models); status != 0 || bad != "" || err != nil {
		t.Fatalf("status %d, %q, %v", status, bad, err)
	}
	want := spoilage.Models()
	if len(models) != len(want) {
		t.Fatalf("%d models are listed, there are %d", len(models), len(want))
	}
	for i, m := range want {
		if !strings.Contains(text, m.Name) || !strings.Contains(text, m.Label.ZH) || !strings.Contains(text, m.Label.EN) {
			t.Errorf("%s is not in the list", m.Name)
		}
		got := models[i]
		if got.Name != m.Name || got.Unit != m.Unit || got.Citation != m.Citation || got.Sureness != m.Sureness || got.Range != m.Range || len(got.Params) != len(m.Params) {
			t.Errorf("%s in JSON: %+v", m.Name, got)
		}
	}
}

func TestModelRate(t *testing.T) {
	status, out, bad := coldchain(t, "model", "rate", "pseudomonas-meat", "--temps", "-1,0, 4,10", "--set", "ph=5.7", "--json")
	var got struct {
		Model, Unit, Sureness, Citation string
		Parameters                      map[string]float64
		Rates                           []struct {
			TempC   float64  `json:"temp_c"`
			Rate    *float64 `json:"rate"`
			Outside bool     `json:"outside"`
		}
	}
	if err := json.Unmarshal([]byte(out), &got); status != 0 || err != nil {
		t.Fatalf("status %d, %v, %s", status, err, bad)
	}
	if got.Model != "pseudomonas-meat" || got.Unit != "1/h" || got.Sureness != "S" || !strings.Contains(got.Citation, "Koutsoumanis") || got.Parameters["ph"] != 5.7 || len(got.Rates) != 4 {
		t.Errorf("%+v", got)
	}
	if first := got.Rates[0]; !first.Outside || first.Rate != nil || first.TempC != -1 {
		t.Errorf("outside its range: %+v", first)
	}
	for i, want := range []float64{0.056, 0.087048, 0.164803} { // GroPIN 271
		if r := got.Rates[i+1]; r.Outside || r.Rate == nil || math.Abs(*r.Rate-want) > 1e-5 {
			t.Errorf("at %g °C: %+v, want %g", r.TempC, r, want)
		}
	}
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"pseudomonas-meat", "--temps", "4,25"}, []string{"4   0.0870484", "25  超出范围 outside 0 to 20 °C", "seen in the source cited", "1/h", "ph = 5.7"}},
		{[]string{"rrs-arrhenius", "--temps", "0", "--set", "ref_c=5,life_days=21"}, []string{"0.453", "46.34 d"}},
		{[]string{"milk-life", "--temps=9"}, []string{"8 d"}},
		{[]string{"refrigeration-index", "--temps", "40"}, []string{"2.34796", "general knowledge: verify"}},
	} {
		status, out, bad := coldchain(t, append([]string{"model", "rate"}, c.args...)...)
		for _, s := range c.says {
			if status != 0 || !strings.Contains(out, s) {
				t.Errorf("%v: status %d %s\n%s\nwant %q", c.args, status, bad, out, s)
			}
		}
	}
}

func TestModelRun(t *testing.T) {
	carcass := writeLog(t, "hours,temp_c\n0,38\n1,30\n2,25\n3,20\n4,15\n5,10\n6,6\n7,6\n")
	for _, c := range []struct {
		what, model, log string
		more             []string
		result           string
		want, tolerance  float64
	}{
		{"RI-06", "refrigeration-index", carcass, nil, "refrigeration_index", 0.145616, 1e-5},
		{"hours from any beginning, other columns, spaces, a byte order mark", "milk-life", writeLog(t, "\ufeffpoint, Temp_C ,hours\na,4,100\nb,9,136\nc,4,232\n"), nil, "life_used", 1.5/36 + 4.0/8, 1e-12},
		{"times with a zone", "milk-life", writeLog(t, "time,temp_c\n2026-11-23T08:00:00+08:00,4\n2026-11-24T00:00:00Z,4\n"), nil, "life_used", 1.0 / 36, 1e-12},
		{"times without one", "milk-life", writeLog(t, "time,temp_c\n2026-11-23 08:00,4\n2026-11-24 08:00:00,4\n"), nil, "life_used", 1.0 / 36, 1e-12},
		{"step: what was warm holds until the next row", "chilling-injury", writeLog(t, "hours,temp_c\n0,3\n2,7\n"), nil, "degree_hours_below", 8, 1e-12},
		{"trapezoid: half of it", "chilling-injury", writeLog(t, "hours,temp_c\n0,3\n2,7\n"), []string{"--method", "trapezoid"}, "degree_hours_below", 4, 1e-12},
		{"BAR-01 at 40 h: 0.2/h as (b (T - tmin))² at 0 °C", "baranyi-roberts", writeLog(t, "hours,temp_c\n0,0\n40,0\n"), []string{"--set", "b=0.044721359549995794,tmin=-10", "--set", "y0=3,h0=2"}, "count_log10", 5.606522, 1e-5},
	} {
		status, out, bad := coldchain(t, append([]string{"model", "run", c.model, "--log", c.log, "--json"}, c.more...)...)
		var got struct {
			Results map[string]struct{ Value float64 }
		}
		if err := json.Unmarshal([]byte(out), &got); status != 0 || err != nil {
			t.Errorf("%s: status %d, %v, %s", c.what, status, err, bad)
			continue
		}
		if r, ok := got.Results[c.result]; !ok || math.Abs(r.Value-c.want) > c.tolerance {
			t.Errorf("%s: %s is %v in\n%s\nwant %g", c.what, c.result, r, out, c.want)
		}
	}
	// A part that is outside is said, in both ways of printing.
	log := writeLog(t, "hours,temp_c\n0,4\n10,25\n12,4\n13,4\n")
	status, text, _ := coldchain(t, "model", "run", "pseudomonas-meat", "--log", log)
	_, object, _ := coldchain(t, "model", "run", "pseudomonas-meat", "--log", log, "--json")
	var got struct {
		Hours        float64 `json:"hours"`
		OutsideHours float64 `json:"outside_hours"`
		LongestStep  float64 `json:"longest_step_hours"`
		Notes        []string
	}
	if err := json.Unmarshal([]byte(object), &got); status != 0 || err != nil {
		t.Fatal(status, err)
	}
	if got.Hours != 13 || got.OutsideHours != 2 || got.LongestStep != 10 || len(got.Notes) != 1 || !strings.Contains(text, "2 of 13 hours") || !strings.Contains(text, "growth_log10") {
		t.Errorf("%+v\n%s", got, text)
	}
}

func TestModelMistakesHaveOneClearLine(t *testing.T) {
	bad := func(text string) []string { return []string{"run", "milk-life", "--log", writeLog(t, text)} }
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"rate", "nonsense", "--temps", "4"}, `there is no model "nonsense"; there are mkt, `},
		{[]string{"rate", "pseudomonas-meat"}, `"temps" not set`},
		{[]string{"rate", "pseudomonas-meat", "--temps", ""}, `--temps "": want temperatures`},
		{[]string{"rate", "pseudomonas-meat", "--temps", "4;5"}, `--temps "4;5": want temperatures`},
		{[]string{"rate", "pseudomonas-meat", "--temps", "NaN"}, "not a temperature"},
		{[]string{"rate", "pseudomonas-meat", "--temps", "-274"}, "not a temperature"},
		{[]string{"rate", "pseudomonas-meat", "--temps", "4", "--set", "ph=7"}, "ph = 7 is outside 5.34 to 6.13"},
		{[]string{"rate", "pseudomonas-meat", "--temps", "4", "--set", "ph"}, `--set "ph": want a parameter and a number`},
		{[]string{"rate", "pseudomonas-meat", "--temps", "4", "--set", "ph=5.5", "--set", "ph=5.6"}, "--set ph is there twice"},
		{[]string{"run", "milk-life", "--log", "nowhere.csv"}, "--log: open nowhere.csv"},
		{[]string{"run", "milk-life", "--log", writeLog(t, "hours,temp_c\n0,4\n1,4\n"), "--method", "spline"}, `--method "spline"`},
		{bad(""), "log.csv: empty"},
		{bad("hours,temp_c\n"), "log.csv: 0 rows of data"},
		{bad("hours,temp_c\n0,4\n"), "log.csv: 1 rows of data"},
		{bad("0,4\n1,4\n"), `log.csv:1: the header is "0,4"`},
		{bad("hours,time,temp_c\n"), "log.csv:1: there is a column hours and a column time"},
		{bad("hours,temp_c,temp_c\n"), "log.csv:1: there are two columns temp_c"},
		{bad("hours,temp_c\n0,4\n\n1,warm\n"), `log.csv:4: temp_c "warm" is not a number`},
		{bad("hours,temp_c\n0,4\n1,NaN\n"), `log.csv:3: temp_c "NaN" is not a number`},
		{bad("hours,temp_c\n0,4\n1,\n"), `log.csv:3: temp_c "" is not a number`},
		{bad("hours,temp_c\n0,4\n1,-300\n2,4\n"), "log.csv:3: -300 °C: not a temperature"},
		{bad("hours,temp_c\n-1e308,4\n1e308,4\n"), `log.csv:2: hours "-1e308": want a number of hours`},
		{bad("hours,temp_c\n0,4\nInf,4\n"), `log.csv:3: hours "Inf"`},
		{bad("hours,temp_c\n0,4,5\n"), "log.csv:2: 3 columns, the header has 2"},
		{bad("hours,temp_c\n0,4\n1,\"4\n"), "log.csv:3: extraneous"},
		{bad("hours,temp_c\n0,4\n1,5\n1,6\n"), "log.csv:4: not later than the row before it (line 3)"},
		{bad("time,temp_c\nyesterday,4\n"), `log.csv:2: time "yesterday"`},
		{bad("time,temp_c\n2026-11-23T08:00:00Z,4\n2026-11-23 09:00:00,4\n"), "log.csv:3: time \"2026-11-23 09:00:00\": some times have a zone"},
		{bad("hours,temp_c\n0,40\n1,41\n"), "log.csv: outside the model's range: milk-life holds from 2 to 16 °C, and all of the time lay from 40 to 40 °C"},
	} {
		status, out, stderr := coldchain(t, append([]string{"model"}, c.args...)...)
		if status == 0 || out != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: status %d, out %q\n%swant %s", c.args, status, out, stderr, c.want)
		}
	}
}

func FuzzReadCourse(f *testing.F) {
	for _, text := range []string{
		"hours,temp_c\n0,4\n1,5\n", "time,temp_c\n2026-11-23T08:00:00+08:00,4\n2026-11-23T09:00:00+08:00,5\n",
		"\ufefftemp_c,hours\n4,0\n5,1e3\n", "hours,temp_c\n0,\"4\n5\"\n", "time,temp_c\n2026-11-23 08:00,4\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := readCourse("x.csv", bytes.NewReader(text))
		if err != nil {
			if !strings.Contains(err.Error(), "x.csv") {
				t.Errorf("no name in %v", err)
			}
			return
		}
		if len(rows) < 2 {
			t.Fatalf("%d rows", len(rows))
		}
		for i, r := range rows {
			if math.IsNaN(r.tempC) || math.IsInf(r.tempC, 0) || math.IsNaN(r.hours) || math.IsInf(r.hours, 0) || i > 0 && !(r.hours > rows[i-1].hours && r.line > rows[i-1].line) {
				t.Fatalf("row %d: %+v", i, r)
			}
		}
	})
}

// TestALogsTimesAreReadAsTheyAre: a day in hours, whatever the zone.
func TestALogsTimesAreReadAsTheyAre(t *testing.T) {
	begin := time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC) // clocks change in places that night
	text := "time,temp_c\n" + begin.Format(time.RFC3339) + ",4\n" + begin.Add(24*time.Hour).In(time.FixedZone("", 8*3600)).Format(time.RFC3339) + ",4\n"
	rows, err := readCourse("x.csv", strings.NewReader(text))
	if err != nil || rows[1].hours != 24 || rows[0].hours != 0 {
		t.Errorf("%+v, %v", rows, err)
	}
}

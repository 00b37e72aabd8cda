package tool

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// logFile writes a log of its own for a test.
func logFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tenMinutes: 9 °C for two minutes, with a limit of 8; worked out on paper.
const tenMinutes = "time,temp °C\n2026-11-23 20:00,4\n2026-11-23 20:01,9\n2026-11-23 20:02,10\n2026-11-23 20:03,5\n2026-11-23 20:04,###\n2026-11-23 20:05,5\n2026-11-23 20:09,5\n2026-11-23 20:10,5\n"

func TestAssessByHand(t *testing.T) {
	status, out, errs := run(t, "assess", logFile(t, tenMinutes), "--high", "8", "--tz", "Asia/Shanghai", "--interval", "1m", "--json")
	if status != 0 || errs != "" {
		t.Fatal(status, errs)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	mean := (4 + 9 + 10 + 5 + 5) / 5.0 // of 20:00 to 20:04, and of 20:09
	for key, want := range map[string]any{
		"points": 7.0, "start": "2026-11-23T20:00:00+08:00", "end": "2026-11-23T20:10:00+08:00", "duration_s": 600.0, "interval_s": 60.0,
		"min_c": 4.0, "max_c": 10.0, "coverage": 0.5, "method": "step", "below": nil,
	} {
		if got[key] != want {
			t.Errorf("%s: got %v, want %v", key, got[key], want)
		}
	}
	if m, ok := got["mean_c"].(float64); !ok || math.Abs(m-mean) > 1e-12 {
		t.Errorf("mean %v, want %v", got["mean_c"], mean)
	}
	above := got["above"].(map[string]any)
	for key, want := range map[string]any{"seconds": 120.0, "events": 1.0, "longest_s": 120.0, "degree_minutes": 3.0, "peak_c": 10.0} {
		if above[key] != want {
			t.Errorf("above.%s: got %v, want %v", key, above[key], want)
		}
	}
	gaps := got["gaps"].([]any)
	if len(gaps) != 2 || gaps[0].(map[string]any)["from"] != "2026-11-23T20:04:00+08:00" || gaps[0].(map[string]any)["seconds"] != 60.0 || gaps[1].(map[string]any)["to"] != "2026-11-23T20:09:00+08:00" {
		t.Errorf("gaps %v", gaps)
	}
}

// TestAssessHasTheKeysThatWereAgreed: programs read them.
func TestAssessHasTheKeysThatWereAgreed(t *testing.T) {
	keys := func(v any) (out []string) {
		for k := range v.(map[string]any) {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	plain := []string{"above", "below", "coverage", "duration_s", "end", "gaps", "interval_s", "max_c", "mean_c", "method", "min_c", "mkt_c", "points", "sd_c", "start"}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, plain},
		{[]string{"--profile", "mutton-chilled"}, append([]string{"life_used", "remaining_days_at_reference", "verdict_hint"}, plain...)},
	} {
		status, out, errs := run(t, append([]string{"assess", logFile(t, tenMinutes), "--tz", "UTC", "--json", "--low", "2", "--high", "8"}, c.args...)...)
		if status != 0 {
			t.Fatal(errs)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		slices.Sort(c.want)
		if !slices.Equal(keys(got), c.want) {
			t.Errorf("%v: keys %v, want %v", c.args, keys(got), c.want)
		}
		if want := []string{"degree_minutes", "events", "longest_s", "peak_c", "seconds"}; !slices.Equal(keys(got["above"]), want) || !slices.Equal(keys(got["below"]), want) {
			t.Errorf("a side has %v", keys(got["above"]))
		}
		if want := []string{"from", "seconds", "to"}; !slices.Equal(keys(got["gaps"].([]any)[0]), want) {
			t.Errorf("a gap has %v", keys(got["gaps"].([]any)[0]))
		}
	}
}

func TestAProfileGivesLimitsAndAHint(t *testing.T) {
	steady := func(c string) string {
		text := "time,temp °C\n"
		for _, minute := range []string{"00", "10", "20", "30", "40", "50"} {
			text += "2026-11-23 20:" + minute + "," + c + "\n"
		}
		return logFile(t, text)
	}
	for _, c := range []struct {
		file, profile, hint string
	}{
		{steady("2"), "mutton-chilled", "released"},
		{logFile(t, "time,temp °C\n2026-11-23 20:00,2\n2026-11-23 20:10,4.5\n2026-11-23 20:20,2\n"), "mutton-chilled", "released"}, // 10 minutes; 15 are allowed
		{steady("4.5"), "mutton-chilled", "on-hold"}, // the warning of 4 °C would have rung
		{steady("9"), "mutton-chilled", "on-hold"},
		{steady("20"), "potato", "released"}, // 50 minutes; 4 h are allowed
		{logFile(t, "time,temp °C\n2026-11-23 10:00,20\n2026-11-23 12:00,20\n2026-11-23 14:00,20\n2026-11-23 16:00,20\n"), "potato", "on-hold"}, // its profile warns, and has no excursion above
		{steady("-18.5"), "mutton-frozen", "released"},
		{steady("-10"), "mutton-frozen", "on-hold"},
		{logFile(t, tenMinutes), "mutton-chilled", "on-hold"}, // half of it is not covered
	} {
		status, out, errs := run(t, "assess", c.file, "--profile", c.profile, "--tz", "UTC", "--json")
		var got struct {
			Hint  string   `json:"verdict_hint"`
			MKT   *float64 `json:"mkt_c"`
			Above *struct{ Seconds float64 }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(status, errs, err)
		}
		if got.Hint != c.hint || got.Above == nil || (got.MKT == nil) != (c.profile == "mutton-frozen") {
			t.Errorf("%s: %s", c.profile, out)
		}
	}
}

func TestAssessSaysWhatItCannotRead(t *testing.T) {
	for _, c := range []struct {
		text string
		args []string
		want string
	}{
		{"time,value\n2026-11-23 12:00,4\n2026-11-23 12:01,4\n", nil, "say --unit c or --unit f"},
		{"time,°C\n03/04/2026 12:00,4\n04/04/2026 12:00,4\n", nil, "say --dates dmy or --dates mdy"},
		{"time,T1 °C,T2 °C\n2026-11-23 12:00,4,4\n", nil, `say --column "T1 °C" or --column "T2 °C"`},
		{"time,°C\n2026-11-23 12:00,4\n2026-11-23 12:01,warm\n2026-11-23 12:02,4\n", nil, "line 3"},
		{"time,°C\n2026-11-23 12:00,4\n", nil, "want at least two"},
		{"", nil, "the file is empty"},
		{tenMinutes, []string{"--tz", "Mars/Olympus"}, "--tz"},
		{tenMinutes, []string{"--profile", "unicorn"}, "there are beef-chilled"},
		{tenMinutes, []string{"--method", "spline"}, "want step or trapezoid"},
		{tenMinutes, []string{"--low", "9", "--high", "8"}, "above the high one"},
		{tenMinutes, []string{"--interval", "-1m"}, "--interval"},
	} {
		status, out, errs := run(t, append([]string{"assess", logFile(t, c.text)}, c.args...)...)
		if status == 0 || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: status %d, out %q, errors %q; want one line with %s", c.args, status, out, errs, c.want)
		}
	}
	if status, _, errs := run(t, "assess", filepath.Join(t.TempDir(), "nowhere.csv")); status == 0 || !strings.Contains(errs, "nowhere.csv") {
		t.Error(status, errs)
	}
}

func TestAssessSpeaksBothLanguages(t *testing.T) {
	for lang, want := range map[string][]string{
		"zh": {"7 个读数", "高于 8 °C：共 2m0s，1 次", "覆盖率 50.0 %，缺口 2 个", "阶梯", "未说明", "时区"},
		"en": {"7 readings", "above 8 °C: 2m0s in all, 1 times", "coverage 50.0 %, 2 gaps", "step (", "time zone"},
	} {
		status, out, errs := run(t, "assess", logFile(t, tenMinutes), "--high", "8", "--interval", "1m", "--lang", lang)
		if status != 0 {
			t.Fatal(errs)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: no %q in\n%s", lang, w, out)
			}
		}
	}
}

// TestAssessRecordedLogs: the numbers come from a Python program of its own
// (csv, datetime, one sum after the other; a reading holds until the next, gaps
// over two intervals are left out), not from this one.
func TestAssessRecordedLogs(t *testing.T) {
	type side struct {
		Seconds       float64 `json:"seconds"`
		Events        int     `json:"events"`
		DegreeMinutes float64 `json:"degree_minutes"`
		LongestS      float64 `json:"longest_s"`
	}
	type result struct {
		Points       int
		Start, End   string
		DurationS    float64 `json:"duration_s"`
		MinC         float64 `json:"min_c"`
		MaxC         float64 `json:"max_c"`
		MeanC        float64 `json:"mean_c"`
		SDC          float64 `json:"sd_c"`
		MKTC         float64 `json:"mkt_c"`
		Coverage     float64
		Above, Below side
		Gaps         []struct{ Seconds float64 }
	}
	for _, c := range []struct {
		file, flags string
		want        result
		gaps        int
		longestGap  float64
	}{
		{"ruuvi_fridge.csv", "--interval 10m --low 1 --high 3.5 --tz UTC", result{
			Points: 368, Start: "2020-05-05T07:21:56Z", End: "2020-05-06T07:17:21Z", DurationS: 86125, MinC: 0.38, MaxC: 3.85,
			MeanC: 2.7332796239821433, SDC: 0.7670609812781591, MKTC: 2.768605451337123, Coverage: 0.7386240928882438,
			Above: side{6694, 6, 19.977333333333334, 1558}, Below: side{2351, 2, 11.306999999999999, 0}}, 10, 8455},
		{"ibutton_DS1921G_10a.csv", "--low 18 --high 22 --tz UTC", result{
			Points: 1577, Start: "2012-10-11T12:11:00Z", End: "2012-12-16T04:11:00Z", DurationS: 5673600, MinC: 16, MaxC: 24.5,
			MeanC: 20.649428934010153, SDC: 1.2534367693654533, MKTC: 20.735051090967772, Coverage: 1,
			Above: side{626400, 32, 9270, 43200}, Below: side{72000, 3, 1230, 0}}, 0, 0},
		{"nab_ambient_temperature_system_failure.csv", "--unit f --low 16 --high 22 --tz UTC", result{
			Points: 7267, Start: "2013-07-04T00:00:00Z", End: "2014-05-28T15:00:00Z", DurationS: 28393200, MinC: 14.14355866111111, MaxC: 30.12400700555556,
			MeanC: 21.802578249749697, SDC: 2.35950899682034, MKTC: 22.093375781796738, Coverage: 0.9202485102066692,
			Above: side{13615200, 244, 370588.21681299916, 5281200}, Below: side{259200, 11, 2655.9906263333337, 0}}, 9, 626400},
	} {
		t.Run(c.file, func(t *testing.T) {
			file := "../../../../shared/data/" + c.file
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				t.Skip("the recorded log is not here")
			}
			status, out, errs := run(t, append([]string{"assess", file, "--json"}, strings.Fields(c.flags)...)...)
			if status != 0 {
				t.Fatal(errs)
			}
			var got result
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			if got.Points != c.want.Points || got.Start != c.want.Start || got.End != c.want.End || got.Above.Events != c.want.Above.Events || got.Below.Events != c.want.Below.Events || len(got.Gaps) != c.gaps {
				t.Errorf("got %+v, %d gaps\nwant %+v, %d", got, len(got.Gaps), c.want, c.gaps)
			}
			longest := 0.0
			for _, g := range got.Gaps {
				longest = max(longest, g.Seconds)
			}
			for what, pair := range map[string][2]float64{
				"duration": {got.DurationS, c.want.DurationS}, "min": {got.MinC, c.want.MinC}, "max": {got.MaxC, c.want.MaxC}, "mean": {got.MeanC, c.want.MeanC},
				"sd": {got.SDC, c.want.SDC}, "mkt": {got.MKTC, c.want.MKTC}, "coverage": {got.Coverage, c.want.Coverage}, "longest gap": {longest, c.longestGap},
				"above": {got.Above.Seconds, c.want.Above.Seconds}, "below": {got.Below.Seconds, c.want.Below.Seconds}, "longest above": {got.Above.LongestS, c.want.Above.LongestS},
				"degree-minutes above": {got.Above.DegreeMinutes, c.want.Above.DegreeMinutes}, "degree-minutes below": {got.Below.DegreeMinutes, c.want.Below.DegreeMinutes},
			} {
				// The Fahrenheit values are rounded to a billionth of a degree.
				if math.Abs(pair[0]-pair[1]) > 1e-8*max(1, math.Abs(pair[1])) {
					t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
				}
			}
		})
	}
	t.Run("a report is refused", func(t *testing.T) {
		file := "../../../../shared/data/berlinger_fridge_tag2_160400347643.txt"
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			t.Skip("the recorded report is not here")
		}
		status, out, errs := run(t, "assess", file, "--unit", "c", "--json")
		if status == 0 || out != "" || !strings.Contains(errs, "no series of readings") {
			t.Error(status, out, errs)
		}
	})
}

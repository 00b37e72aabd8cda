package tool

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const rules = `county: hangjin
data: data
broker: {listen: 127.0.0.1:0}
sites:
  - id: balagong
    kind: township-store
    gateway: balagong-gw
    zones:
      - id: mutton
        kind: chilled
        points: {air: temperature}
        limits: {temperature: [{side: high, level: warning, value: %s, delay: 15m}]}
        watch: {off: [rate_of_rise]}
`

// recordedDay answers as a collector that has a day of one room: 2 °C, and an hour
// at 6 °C from 13:00 UTC.
func recordedDay(t *testing.T, breaksOff bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		from, errFrom := time.Parse(time.RFC3339Nano, q.Get("from"))
		to, errTo := time.Parse(time.RFC3339Nano, q.Get("to"))
		if r.URL.Path != "/api/v1/export" || q.Get("point") != "balagong/mutton/air" || errFrom != nil || errTo != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, "point,time_utc,value,unit,quality,reason,raw,flags,gateway,epoch,sequence")
		n := 0
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			v := "2"
			if at.Hour() == 13 && at.Day() == 1 {
				v = "6"
			}
			fmt.Fprintf(w, "balagong/mutton/air,%s,%s,Cel,good,,,,gw,1,%d\n", at.Format(time.RFC3339Nano), v, n)
			n++
		}
		if !breaksOff {
			fmt.Fprintf(w, "# complete,%d\n", n)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func rulesFile(t *testing.T, limit string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "county.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, rules, limit), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRehearseSaysWhatChangedRulesWouldHaveRung(t *testing.T) {
	server := recordedDay(t, false)
	when := []string{"--server", server, "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-03T12:00:00Z"}
	status, out, errs := run(t, append([]string{"rehearse", rulesFile(t, "4")}, when...)...)
	if status != 0 || !strings.Contains(out, "2026-07-01 21:00  warning   high-limit  balagong/mutton/air, limit 4, worst 6.0, rings 2026-07-01 21:15, over 2026-07-01 22:00") ||
		!strings.Contains(out, "1 alarms") {
		t.Errorf("status %d, out %s, err %s", status, out, errs)
	}
	status, out, errs = run(t, append([]string{"rehearse", rulesFile(t, "7"), "--against", rulesFile(t, "4")}, when...)...)
	if status != 0 || !strings.Contains(out, "0 alarms") || !strings.Contains(out, "gone ") || !strings.Contains(out, "1 differences") {
		t.Errorf("status %d, out %s, err %s", status, out, errs)
	}
	status, out, _ = run(t, append([]string{"rehearse", rulesFile(t, "4"), "--json"}, when...)...)
	var said rehearsed
	if err := json.Unmarshal([]byte(out), &said); status != 0 || err != nil || len(said.Alarms) != 1 {
		t.Errorf("status %d, %v: %s", status, err, out)
	}
}

// A room that was switched off while it was warm rings nobody in the rehearsal
// either, and a collector that cannot say how rooms were used is named.
func TestRehearseKnowsHowRoomsWereUsed(t *testing.T) {
	readings := recordedDay(t, false)
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/usage" {
			http.Redirect(w, r, readings+r.URL.String(), http.StatusTemporaryRedirect)
			return
		}
		asked = r.URL.Query().Get("from") + " " + r.URL.Query().Get("to")
		fmt.Fprint(w, `{"disuses":[{"zone":"balagong/mutton","kind":"switched-off","from":"2026-07-01T12:30:00Z","until":"2026-07-01T14:30:00Z"}],"stays":[],"trucks":[]}`)
	}))
	t.Cleanup(server.Close)
	when := []string{"--from", "2026-07-01T00:00:00Z", "--to", "2026-07-02T00:00:00Z"}
	status, out, errs := run(t, append([]string{"rehearse", rulesFile(t, "4"), "--server", server.URL}, when...)...)
	if status != 0 || !strings.Contains(out, "0 alarms") || strings.Contains(errs, "does not say") || asked != "2026-07-01T00:00:00Z 2026-07-02T00:00:00Z" {
		t.Errorf("status %d, out %s, err %s, asked for %q", status, out, errs, asked)
	}
	// The watch's rules are rehearsed, too.
	rising := rulesFile(t, "7")
	text, err := os.ReadFile(rising)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rising, []byte(strings.Replace(string(text), "        watch: {off: [rate_of_rise]}\n", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs = run(t, append([]string{"rehearse", rising, "--server", readings}, when...)...)
	if status != 0 || !strings.Contains(out, "rate-of-rise balagong/mutton/air, limit 3") || !strings.Contains(out, "1 alarms") {
		t.Errorf("status %d, out %s, err %s", status, out, errs)
	}
	status, out, errs = run(t, append([]string{"rehearse", rulesFile(t, "4"), "--server", readings}, when...)...)
	if status != 0 || !strings.Contains(out, "1 alarms") || !strings.Contains(errs, "does not say how rooms and trucks were used") {
		t.Errorf("status %d, out %s, err %s", status, out, errs)
	}
}

// What lay in the room brings its limits along: by the county's bookings, or by a
// file in their place.
func TestRehearseKnowsWhatLayThere(t *testing.T) {
	readings := recordedDay(t, false)
	stays := `{"disuses":[],"stays":[{"batch":"HJQ-1","zone":"balagong/mutton","from":"2026-07-01T13:00:00Z","profile":"beef-chilled"}],"trucks":[]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/usage" {
			http.Redirect(w, r, readings+r.URL.String(), http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprint(w, stays)
	}))
	t.Cleanup(server.Close)
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "stays.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rehearse := func(more ...string) (int, string, string) {
		return run(t, append([]string{"rehearse", rulesFile(t, "7"), "--server", server.URL, "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-02T00:00:00Z"}, more...)...)
	}
	if status, out, errs := rehearse(); status != 0 || !strings.Contains(out, "1 alarms") || !strings.Contains(out, "high-limit  balagong/mutton/air, limit 5") {
		t.Errorf("status %d, out %s, err %s", status, out, errs)
	}
	if status, out, errs := rehearse("--stays", file(`{"stays":[]}`)); status != 0 || !strings.Contains(out, "0 alarms") {
		t.Errorf("nothing lay there: status %d, out %s, err %s", status, out, errs)
	}
	for text, want := range map[string]string{`{"stays":[{"batch":"HJQ-1"}]}`: "stay 1 of batch \"HJQ-1\": want zone", "no JSON": "--stays"} {
		if status, out, errs := rehearse("--stays", file(text)); status != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, out %s, err %s", text, status, out, errs)
		}
	}
}

func TestRehearseRefuses(t *testing.T) {
	file := rulesFile(t, "4")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"rehearse", file, "--from", "yesterday", "--to", "2026-07-02T00:00:00Z"}, "--from \"yesterday\""},
		{[]string{"rehearse", file, "--from", "2026-07-02T00:00:00Z", "--to", "2026-07-01T00:00:00Z"}, "is not before"},
		{[]string{"rehearse", file + ".none", "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-02T00:00:00Z"}, "no such file"},
		{[]string{"rehearse", rulesFile(t, "400"), "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-02T00:00:00Z"}, "400"},
		{[]string{"rehearse", file, "--server", recordedDay(t, true), "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-02T00:00:00Z"}, "broke off"},
	} {
		status, out, errs := run(t, c.args...)
		if status != 1 || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, out %q, err %q", c.args, status, out, errs)
		}
	}
}

func FuzzParseExport(f *testing.F) {
	f.Add("point,time_utc\na/b/c,2026-07-01T00:00:00Z,2,Cel,good,\n# complete,1\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, text string) {
		if list, err := parseExport(strings.NewReader(text)); err != nil && list != nil {
			t.Error("half of an export was taken")
		}
	})
}

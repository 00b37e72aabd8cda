package tool

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/exposure"
)

// exposure asks the county what a batch went through.
func (r *running) exposure(id string) (x exposure.Batch) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.app.URL()+"/api/v1/batches/"+id+"/exposure", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer secret")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&x); err != nil || res.StatusCode != http.StatusOK {
		r.t.Fatal(res.Status, err)
	}
	return x
}

// TestALoggersFileByTheCommandLine: looked at, attached, and taken back; a
// county that runs shows it in the exposure.
func TestALoggersFileByTheCommandLine(t *testing.T) {
	r := newRunning(t)
	now := time.Now().UTC().Truncate(time.Minute)
	from := now.Add(-2 * time.Hour)
	r.must("balagong/mutton", "create", "HJQ-1", "--product", "羊肉", "--profile", "mutton-frozen", "--zone", "balagong/mutton", "--at", from.Format(time.RFC3339))
	r.must("HJQ-1", "move", "HJQ-1", "--place", "渡口小卖部", "--at", from.Add(10*time.Minute).Format(time.RFC3339))
	var text strings.Builder
	text.WriteString("Time (UTC),Value\n")
	for m := 10; m <= 100; m += 10 {
		fmt.Fprintf(&text, "%s,%d\n", from.Add(time.Duration(m)*time.Minute).Format("2006-01-02 15:04:05"), -20+m/10)
	}
	file := filepath.Join(t.TempDir(), "returned.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := r.batch("logger", "HJQ-1", file, "--check"); err == nil || !strings.Contains(err.Error(), "--unit c or --unit f") {
		t.Errorf("%v\n%s", err, out)
	}
	r.must("10 readings", "logger", "HJQ-1", file, "--check", "--unit", "c")
	r.must("-19.0 to -10.0 °C", "logger", "HJQ-1", file, "--unit", "c", "--method", "between-packs")
	x := r.exposure("HJQ-1")
	if x.Imported == nil || x.Imported.Points != 10 || *x.Imported.MaxC != -10 || x.Imported.Seconds < 90*60 || x.Total.Points != 0 {
		t.Errorf("%+v", x.Imported)
	}
	r.must("HJQ-1", "logger", "HJQ-1", "--replaces", "1", "--reason", "不是这一批的")
	if x = r.exposure("HJQ-1"); x.Imported != nil {
		t.Errorf("taken back: %+v", x.Imported)
	}
	for want, args := range map[string][]string{
		"no such file":       {"logger", "HJQ-1", file + "x", "--method", "air"},
		"cannot be replaced": {"logger", "HJQ-1", "--replaces", "1", "--reason", "x"},
		"no logger's file":   {"logger", "HJQ-1", "--method", "air"},
		"want one of":        {"logger", "HJQ-1", file, "--unit", "c"},
	} {
		if out, err := r.batch(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q\n%s", args, err, want, out)
		}
	}
}

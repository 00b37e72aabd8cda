package tool

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/gateway/mqtt/mosquittotest"
)

// notifyTest runs the command on a county with the given channels.
func notifyTest(t *testing.T, broker, channels string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "county.yaml")
	text := fmt.Sprintf(`county: hangjin
name: {zh: 杭锦旗}
data: /var/lib/coldchain-collector
mqtt: {server: %q}
sites:
  - {id: balagong, kind: township-store, gateway: balagong-gw, zones: [{id: link, kind: technical, points: {mains: mains}}]}
notify:
  channels:
%s`, broker, channels)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	status = Run(t.Context(), "test", append([]string{"notify", "test", "--config", file}, args...), &out, &errs)
	return status, out.String(), errs.String()
}

func TestNotifyTest(t *testing.T) {
	answer := `{"errcode":0,"errmsg":"ok"}`
	var got string
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.URL.Query().Get("key") + " " + string(body)
		_, _ = io.WriteString(w, answer)
	}))
	defer far.Close()
	t.Setenv("COLDCHAIN_TEST_SECRET", "hunter2")
	channels := fmt.Sprintf("    group:\n      wecom: {endpoint: %q, key_file: \"env:COLDCHAIN_TEST_SECRET\"}\n", far.URL+"/send")

	status, out, errs := notifyTest(t, "tcp://127.0.0.1:1", channels, "group", "--to", "+86 138-1234-5678")
	if status != 0 || !strings.Contains(out, "group (wecom) took it") || errs != "" {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	if !strings.HasPrefix(got, "hunter2 ") || !strings.Contains(got, "杭锦旗 冷链 试发") || !strings.Contains(got, `["13812345678"]`) {
		t.Errorf("the robot got %s", got)
	}

	answer = `{"errcode":93000,"errmsg":"invalid webhook url hunter2"}`
	status, out, errs = notifyTest(t, "tcp://127.0.0.1:1", channels, "group")
	if status != 1 || out != "" || !strings.Contains(errs, "code 93000") || strings.Contains(errs, "hunter2") || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d: %s%s", status, out, errs)
	}

	status, _, errs = notifyTest(t, "tcp://127.0.0.1:1", channels, "pager")
	if status != 1 || !strings.Contains(errs, `there is no channel "pager"; notify.channels has: group`) {
		t.Errorf("status %d: %s", status, errs)
	}
	status, _, errs = notifyTest(t, "tcp://127.0.0.1:1", channels, "group", "--to", "巴特尔")
	if status != 1 || !strings.Contains(errs, "--to is neither") {
		t.Errorf("status %d: %s", status, errs)
	}
}

// TestNotifyTestByMQTT publishes by a real broker.
func TestNotifyTestByMQTT(t *testing.T) {
	broker := mosquittotest.Start(t, "allow_anonymous true\n")
	status, out, errs := notifyTest(t, broker.URL, "    display:\n      mqtt: {topic: coldchain/alarms}\n", "display")
	if status != 0 || !strings.Contains(out, "display (mqtt) took it") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

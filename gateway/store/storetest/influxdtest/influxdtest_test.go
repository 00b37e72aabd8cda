package influxdtest_test

import (
	"net/http"
	"strings"
	"testing"

	"coldchain/gateway/store/storetest/influxdtest"
)

func TestServerKeepsDataOverRestartAndKill(t *testing.T) {
	s := influxdtest.Start(t)
	s.CreateDatabase(t, "probe")
	resp, err := http.Post(s.URL+"/api/v2/write?bucket=probe/autogen", "", strings.NewReader("m,tag=a value=-18.5 1000000000\n"))
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("write: %v %v", resp, err)
	}
	url := s.URL
	for name, end := range map[string]func(){"stop": s.Stop, "kill": s.Kill} {
		end()
		if _, err := http.Get(url + "/ping"); err == nil {
			t.Errorf("%s: the server still answers", name)
		}
		s.Restart(t)
		if s.URL != url {
			t.Errorf("%s: moved from %s to %s", name, url, s.URL)
		}
		if got := s.Flux(t, `from(bucket: "probe/autogen") |> range(start: 0)`); !strings.Contains(got, "-18.5") {
			t.Errorf("%s: the row is gone: %s", name, got)
		}
	}
}

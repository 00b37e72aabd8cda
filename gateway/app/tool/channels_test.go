package tool

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestChannelsSayWhatIsNotProved: the list names each way, and the command fails
// while one of them was not proved or there is none.
func TestChannelsSayWhatIsNotProved(t *testing.T) {
	good := `{"name":"sms","kind":"aliyun-sms","proved_at":"2026-11-23T04:00:00.000Z","taken_7d":12,"failed_7d":1,"last_error":"busy"}`
	bad := `{"name":"call","kind":"aliyun-voice","proved_at":null,"taken_7d":0,"failed_7d":3,"last_error":"template"}`
	for _, c := range []struct{ list, says, fails string }{
		{good, "12 taken", ""},
		{good + "," + bad, "not proved", "1 of 2 channels"},
		{"", "", "no channel is configured"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/channels" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprintf(w, `{"channels":[%s]}`, c.list)
		}))
		for _, cmd := range []*cobra.Command{channelsCommand(), checkCommand()} {
			out := &bytes.Buffer{}
			cmd.SetArgs([]string{"--server", server.URL})
			cmd.SetOut(out)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.ExecuteContext(t.Context())
			switch {
			case !strings.Contains(out.String(), c.says):
				t.Errorf("%s says %q, want %q", cmd.Name(), out, c.says)
			case c.fails == "" && err != nil, c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
				t.Errorf("%s fails with %v, want %q", cmd.Name(), err, c.fails)
			}
		}
		server.Close()
	}
}

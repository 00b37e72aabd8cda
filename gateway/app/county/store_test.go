package county

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/config"
	"coldchain/gateway/store/storetest/influxdtest"
)

// county is a running collector on a real InfluxDB.
type county struct {
	t   *testing.T
	app *App
}

func settings(t *testing.T, influx config.Influx) *config.County {
	t.Helper()
	c := &config.County{
		County: "hangjin", Data: t.TempDir(), Broker: config.Broker{Listen: "127.0.0.1:0"}, Web: config.Web{Listen: "127.0.0.1:0"},
		Store: config.Store{Influx: influx},
		Sites: []config.Site{{ID: "balagong", Kind: config.TownshipStore, Gateway: "balagong-gw", Zones: []config.Zone{
			{ID: "mutton", Kind: config.Frozen, Points: map[string]string{"air": "temperature"}},
		}}},
	}
	c.ApplyDefaults()
	if p := c.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	return c
}

func run(t *testing.T, cfg *config.County) *county {
	t.Helper()
	app, err := New(t.Context(), cfg, Options{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &county{t, app}
}

// get asks the page and returns its status and answer.
func (c *county) get(path string) (int, map[string]any) {
	c.t.Helper()
	res, err := ask(c.t, c.app, path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		c.t.Fatalf("%s: %s: %v", path, res.Status, err)
	}
	return res.StatusCode, answer
}

func (c *county) health() (reason string) {
	_, answer := c.get("/healthz")
	reason, _ = answer["reason"].(string)
	return reason
}

// await waits until what is so, for as long as a slow machine may need.
func (c *county) await(what string, so func() bool) {
	c.t.Helper()
	limit := time.NewTimer(90 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-limit.C:
			c.t.Fatalf("still not: %s; health says %q", what, c.health())
		}
	}
}

// TestTheCollectorStartsBeforeItsDatabase: a real InfluxDB that is down when
// the collector starts, for the first time and again, and comes later.
func TestTheCollectorStartsBeforeItsDatabase(t *testing.T) {
	server := influxdtest.Start(t)
	server.CreateDatabase(t, "coldchain")
	server.Stop()
	cfg := settings(t, config.Influx{URL: server.URL, Bucket: "coldchain/autogen"})
	c := run(t, cfg)
	if why := c.health(); !strings.Contains(why, "never reached its store") || !strings.Contains(why, "connection refused") {
		t.Errorf("health at the first start: %q", why)
	}
	if status, answer := c.get("/api/v1/operations"); status != http.StatusOK || answer["store"].(map[string]any)["ok"] != false {
		t.Errorf("the operations page: %d %v", status, answer["store"])
	}
	if err := c.app.Progress(); err != nil {
		t.Errorf("the watchdog would start it again: %v", err)
	}
	server.Restart(t)
	c.await("health after the database came", func() bool { return c.health() == "" })
}

// TestADatabaseThatRefusesIsOneSentenceAndAnAlarm meets a real InfluxDB that
// asks for a user, and one without the database.
func TestADatabaseThatRefusesIsOneSentenceAndAnAlarm(t *testing.T) {
	token := func(t *testing.T, text string) string {
		file := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	locked := influxdtest.StartWith(t, influxdtest.Settings{Auth: true})
	locked.InfluxQL(t, `CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES`)
	open := influxdtest.Start(t)
	for _, c := range []struct {
		name   string
		influx config.Influx
		want   string
	}{
		{"wrong password", config.Influx{URL: locked.URL, Bucket: "coldchain/autogen", TokenFile: token(t, "admin:wrong")}, "check the token"},
		{"no token", config.Influx{URL: locked.URL, Bucket: "coldchain/autogen"}, "check the token"},
		{"no database", config.Influx{URL: open.URL, Bucket: "coldchain/autogen"}, "create the database first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := run(t, settings(t, c.influx))
			why := app.health()
			if !strings.Contains(why, "refuses us since") || !strings.Contains(why, c.want) || strings.Contains(why, "\n") || strings.Contains(why, "wrong") {
				t.Errorf("health %q; want one sentence with %q", why, c.want)
			}
			app.await("an alarm", func() bool {
				_, answer := app.get("/api/v1/alarms?state=open")
				alarms := answer["alarms"].([]any)
				return len(alarms) == 1 && alarms[0].(map[string]any)["rule"] == "store-failing" && alarms[0].(map[string]any)["level"] == "excursion"
			})
			res, err := ask(t, app.app, "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text := new(strings.Builder)
			if _, err := io.Copy(text, res.Body); err != nil || !strings.Contains(text.String(), "coldchain_store_refuses 1") || !strings.Contains(text.String(), "coldchain_store_up 0") {
				t.Errorf("metrics (%v) do not say so:\n%.2000s", err, text)
			}
		})
	}
}

//go:build chaos

package chaos

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"coldchain/gateway/app/programs"
)

// toxiproxy is a running Shopify/toxiproxy; every link goes through one of its
// proxies.
type toxiproxy struct{ api string }

func startProxy(t *testing.T, log string) *toxiproxy {
	bin := filepath.Join(programs.Repository(t), ".cache", "bin", "toxiproxy-server")
	if _, err := os.Stat(bin); err != nil {
		programs.Missing(t, "toxiproxy-server")
	}
	addr := programs.FreeAddress(t)
	host, port := addr[:len("127.0.0.1")], addr[len("127.0.0.1:"):]
	cmd := exec.Command(bin, "-host", host, "-port", port)
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // by our signal
		_ = f.Close()
	})
	p := &toxiproxy{api: "http://" + addr}
	await(t, "toxiproxy", func() bool {
		res, err := http.Get(p.api + "/version")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

// link makes a proxy to upstream and returns where it listens.
func (p *toxiproxy) link(t *testing.T, name, upstream string) string {
	listen := programs.FreeAddress(t)
	p.ask(t, http.MethodPost, "/proxies", map[string]any{"name": name, "listen": listen, "upstream": upstream, "enabled": true})
	return listen
}

// cut ends a link's connections and refuses new ones.
func (p *toxiproxy) cut(t *testing.T, name string) {
	p.ask(t, http.MethodPost, "/proxies/"+name, map[string]any{"enabled": false})
}

func (p *toxiproxy) join(t *testing.T, name string) {
	p.ask(t, http.MethodPost, "/proxies/"+name, map[string]any{"enabled": true})
}

// poison adds one toxic to both directions.
func (p *toxiproxy) poison(t *testing.T, name, kind string, attributes map[string]any) {
	for _, stream := range []string{"upstream", "downstream"} {
		p.ask(t, http.MethodPost, "/proxies/"+name+"/toxics", map[string]any{
			"name": kind + "-" + stream, "type": kind, "stream": stream, "toxicity": 1.0, "attributes": attributes,
		})
	}
}

func (p *toxiproxy) heal(t *testing.T, name, kind string) {
	for _, stream := range []string{"upstream", "downstream"} {
		p.ask(t, http.MethodDelete, "/proxies/"+name+"/toxics/"+kind+"-"+stream, nil)
	}
}

func (p *toxiproxy) ask(t *testing.T, method, path string, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.api+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err := io.ReadAll(res.Body); err != nil || res.StatusCode >= 300 {
		t.Fatalf("toxiproxy %s %s: %s %v\n%s", method, path, res.Status, err, answer)
	}
}

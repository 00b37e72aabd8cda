package web_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"coldchain/gateway/evidence/evidencetest"
)

// tab is a page in a real Chromium, spoken to by the DevTools protocol over two
// pipes: JSON, each message ended by a NUL.
type tab struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	last    int
}

// openTab starts a browser of the test's own; it ends with the test.
func openTab(t *testing.T, width, height int) *tab {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make test-deps` to get it")
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{inR, outW} // 3 and 4
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inR.Close()
	outW.Close()
	p := &tab{t: t, to: inW, from: bufio.NewReaderSize(outR, 1<<20)}
	t.Cleanup(func() {
		inW.Close() // the browser goes with its pipe
		cmd.Wait()  // killed with the test's context where it does not
		outR.Close()
	})
	var target struct{ TargetID, SessionID string }
	p.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	p.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	p.session = target.SessionID
	p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	return p
}

// call sends a command and waits for its answer; events on the way are dropped.
func (p *tab) call(method string, params map[string]any, result any) {
	p.t.Helper()
	p.last++
	message := map[string]any{"id": p.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if p.session != "" {
		message["sessionId"] = p.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.to.Write(append(text, 0)); err != nil {
		p.t.Fatalf("chromium, %s: %v", method, err)
	}
	for {
		line, err := p.from.ReadBytes(0)
		if err != nil {
			p.t.Fatalf("chromium, %s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(line[:len(line)-1], &answer); err != nil {
			p.t.Fatal(err)
		}
		if answer.ID != p.last {
			continue
		}
		if answer.Error != nil {
			p.t.Fatalf("chromium, %s: %s", method, answer.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				p.t.Fatal(err)
			}
		}
		return
	}
}

// open goes to an address.
func (p *tab) open(url string) {
	p.t.Helper()
	p.call("Page.navigate", map[string]any{"url": url}, nil)
}

// text evaluates an expression that gives a string.
func (p *tab) text(expression string) string {
	p.t.Helper()
	var out struct{ Result struct{ Value any } }
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &out)
	return fmt.Sprint(out.Result.Value)
}

// await waits until an expression is true, drawn and all. One that throws is not.
func (p *tab) await(what, expression string) {
	p.t.Helper()
	for limit := time.After(time.Minute); ; {
		if p.text(`new Promise(done => requestAnimationFrame(() => { try { done(String(Boolean(`+expression+`))) } catch (e) { done(String(e)) } }))`) == "true" {
			return
		}
		select {
		case <-limit:
			p.t.Fatalf("%s is not there: %s", what, p.text(`document.body.innerText.slice(0, 600)`))
		default:
		}
	}
}

// weight is what a page holds after its garbage has been collected.
type weight struct{ Heap, Nodes, Listeners float64 }

func (p *tab) weigh() weight {
	p.t.Helper()
	var heap struct{ UsedSize float64 }
	var dom struct{ Nodes, JSEventListeners float64 }
	for range 2 { // what the first one frees lets go of more
		p.call("HeapProfiler.collectGarbage", nil, nil)
	}
	p.call("Runtime.getHeapUsage", nil, &heap)
	p.call("Memory.getDOMCounters", nil, &dom)
	return weight{heap.UsedSize, dom.Nodes, dom.JSEventListeners}
}

func (w weight) String() string {
	return fmt.Sprintf("%.2f MB of objects, %.0f nodes, %.0f listeners", w.Heap/1e6, w.Nodes, w.Listeners)
}

// Package chromium drives Debian's Chromium in tests, over the pipe of its
// DevTools: no port, no library. A test has a browser of its own, which is gone
// when it ends.
package chromium

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/evidence/evidencetest"
)

// Browser is one page of a browser.
type Browser struct {
	t       testing.TB
	out     *os.File
	session string

	mu     sync.Mutex
	id     int
	wait   map[int]chan reply
	closed bool
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// Open starts a browser of a phone's size with a profile of its own. flags are
// added to its command line.
func Open(t testing.TB, flags ...string) *Browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": install chromium")
	}
	toRead, toWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromRead, fromWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--remote-debugging-pipe", "--user-data-dir=" + t.TempDir()}, flags...)
	cmd := exec.Command(program, append(args, "about:blank")...)
	cmd.ExtraFiles = []*os.File{toRead, fromWrite} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toRead.Close()
	fromWrite.Close()
	b := &Browser{t: t, out: toWrite, wait: map[int]chan reply{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b.read(fromRead)
	}()
	t.Cleanup(func() {
		b.call("", "Browser.close", nil)
		toWrite.Close()
		cmd.Wait()
		<-read
		fromRead.Close()
	})
	var made struct{ TargetID string }
	b.must(b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}), &made)
	var attached struct{ SessionID string }
	b.must(b.call("", "Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true}), &attached)
	b.session = attached.SessionID
	b.must(b.call(b.session, "Page.enable", nil), nil)
	b.size(360, 740, true)
	return b
}

// OpenWide is Open with a screen of a size instead of a phone's.
func OpenWide(t testing.TB, width, height int) *Browser {
	t.Helper()
	b := Open(t)
	b.size(width, height, false)
	return b
}

func (b *Browser) size(width, height int, phone bool) {
	b.t.Helper()
	b.must(b.call(b.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}), nil)
}

// read hands answers to who waits for them until the browser is gone.
func (b *Browser) read(in *os.File) {
	r := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := r.ReadBytes(0)
		if err != nil {
			break
		}
		var m struct {
			ID int
			reply
		}
		if json.Unmarshal(line[:len(line)-1], &m) != nil || m.ID == 0 {
			continue
		}
		b.mu.Lock()
		c := b.wait[m.ID]
		delete(b.wait, m.ID)
		b.mu.Unlock()
		if c != nil {
			c <- m.reply
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, c := range b.wait {
		c <- reply{Error: &struct{ Message string }{"the browser is gone"}}
	}
}

func (b *Browser) call(session, method string, params map[string]any) reply {
	c := make(chan reply, 1)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return reply{Error: &struct{ Message string }{"the browser is gone"}}
	}
	b.id++
	b.wait[b.id] = c
	m := map[string]any{"id": b.id, "method": method}
	if params != nil {
		m["params"] = params
	}
	if session != "" {
		m["sessionId"] = session
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = b.out.Write(append(text, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return reply{Error: &struct{ Message string }{err.Error()}}
	}
	return <-c
}

func (b *Browser) must(r reply, into any) {
	b.t.Helper()
	if r.Error != nil {
		b.t.Fatalf("chromium: %s", r.Error.Message)
	}
	if into != nil {
		if err := json.Unmarshal(r.Result, into); err != nil {
			b.t.Fatalf("chromium: %v", err)
		}
	}
}

// Go opens an address, whether it can be reached or not.
func (b *Browser) Go(url string) {
	b.t.Helper()
	b.must(b.call(b.session, "Page.navigate", map[string]any{"url": url}), nil)
}

// Eval runs JavaScript in the page, waits for its promise, and returns its value
// as text. A page that is being left, or a mistake in the script, is an error.
func (b *Browser) Eval(script string) (string, error) {
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	r := b.call(b.session, "Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true})
	if r.Error != nil {
		return "", fmt.Errorf("chromium: %s", r.Error.Message)
	}
	if err := json.Unmarshal(r.Result, &out); err != nil {
		return "", err
	}
	if out.ExceptionDetails != nil {
		return "", fmt.Errorf("chromium: %s in %s", out.ExceptionDetails.Text, script)
	}
	if out.Result.Value == nil {
		return "", nil
	}
	return fmt.Sprint(out.Result.Value), nil
}

// Await runs a script in one frame after another until it is true, or a promise
// of it; else the test ends with what the page showed. A script that throws is not
// true.
func (b *Browser) Await(what, script string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := b.Eval(`new Promise(done => requestAnimationFrame(async () => { try { done(Boolean(await (` + script + `))) } catch (e) { done(String(e)) } }))`)
		if err == nil && got == "true" {
			return
		}
		select {
		case <-ctx.Done():
			shown, err := b.Eval("location.href + '\\n' + document.body.innerText")
			b.t.Fatalf("%s: not seen (%s); the page shows %s (%v)", what, got, shown, err)
		case <-tick.C:
		}
	}
}

// Press clicks the first button or link that has a text.
func (b *Browser) Press(text string) {
	b.t.Helper()
	quoted, _ := json.Marshal(text) // a string always can be
	find := "[...document.querySelectorAll('button, a, label')].find(e => !e.disabled && e.innerText.includes(" + string(quoted) + "))"
	b.Await("the button "+text, find)
	if _, err := b.Eval(find + ".click()"); err != nil {
		b.t.Fatal(err)
	}
}

// Weight is what a page holds after its garbage has been collected.
type Weight struct{ Heap, Nodes, Listeners float64 }

// Weigh collects the page's garbage and tells what is left.
func (b *Browser) Weigh() Weight {
	b.t.Helper()
	var heap struct{ UsedSize float64 }
	var dom struct{ Nodes, JSEventListeners float64 }
	for range 2 { // what the first one frees lets go of more
		b.must(b.call(b.session, "HeapProfiler.collectGarbage", nil), nil)
	}
	b.must(b.call(b.session, "Runtime.getHeapUsage", nil), &heap)
	b.must(b.call(b.session, "Memory.getDOMCounters", nil), &dom)
	return Weight{heap.UsedSize, dom.Nodes, dom.JSEventListeners}
}

func (w Weight) String() string {
	return fmt.Sprintf("%.2f MB of objects, %.0f nodes, %.0f listeners", w.Heap/1e6, w.Nodes, w.Listeners)
}

// OwnAddress is an address of this machine that is not localhost: a browser trusts
// no plain HTTP there, and no worker without a certificate.
func OwnAddress(t testing.TB) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			return n.IP.String()
		}
	}
	evidencetest.Lacks(t, "this machine has no address but localhost")
	return ""
}

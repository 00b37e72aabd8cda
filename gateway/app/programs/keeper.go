package programs

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Life is one run of a program, from its start to its end.
type Life struct {
	Began, Ended time.Time // Ended is zero while it runs
}

// Keeper runs a program and starts it again whenever it ends, as systemd does,
// unless it is held down.
type Keeper struct {
	program string
	args    []string
	env     []string
	log     *os.File
	quit    chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	current *exec.Cmd     // nil while it does not run
	ended   chan struct{} // of current
	down    chan struct{} // not nil: held down until it is closed
	lives   []Life
}

// restPause is the rest between two lives.
const restPause = 300 * time.Millisecond

// Keep starts a program with more environment than the test's. What it says
// on standard error goes into a file. It ends with the test, or by Quit.
func Keep(t testing.TB, log, program string, env []string, args ...string) *Keeper {
	t.Helper()
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	k := &Keeper{program: program, args: args, env: append(os.Environ(), env...), log: f, quit: make(chan struct{}), done: make(chan struct{})}
	go k.run()
	t.Cleanup(func() {
		k.Quit()
		_ = f.Close()
	})
	return k
}

func (k *Keeper) run() {
	defer close(k.done)
	for {
		k.mu.Lock()
		down := k.down
		k.mu.Unlock()
		if down != nil {
			select {
			case <-down:
				continue
			case <-k.quit:
				return
			}
		}
		k.live()
		select {
		case <-k.quit:
			return
		case <-time.After(restPause):
		}
	}
}

// live is one life.
func (k *Keeper) live() {
	cmd := exec.Command(k.program, k.args...)
	cmd.Env, cmd.Stderr = k.env, k.log
	k.mu.Lock()
	if k.down != nil || k.quitting() {
		k.mu.Unlock()
		return
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		k.mu.Unlock()
		_, _ = k.log.WriteString(err.Error() + "\n")
		return
	}
	ended := make(chan struct{})
	k.current, k.ended = cmd, ended
	k.lives = append(k.lives, Life{Began: began})
	k.mu.Unlock()
	_ = cmd.Wait() // it was killed, or says in its log why it ended
	k.mu.Lock()
	k.lives[len(k.lives)-1].Ended = time.Now()
	k.current = nil
	k.mu.Unlock()
	close(ended)
}

func (k *Keeper) quitting() bool {
	select {
	case <-k.quit:
		return true
	default:
		return false
	}
}

// Kill ends the program without a chance to do anything, and returns when it
// has ended. It comes back by itself.
func (k *Keeper) Kill() { k.end(syscall.SIGKILL) }

// patience is how long a program may take to end when it is asked to.
const patience = 30 * time.Second

func (k *Keeper) end(sig syscall.Signal) {
	k.mu.Lock()
	cmd, ended := k.current, k.ended
	k.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(sig) // it may have just ended by itself
	select {
	case <-ended:
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		<-ended
	}
}

// Stop ends the program by a signal and holds it down until Start.
func (k *Keeper) Stop(sig syscall.Signal) {
	k.mu.Lock()
	if k.down == nil {
		k.down = make(chan struct{})
	}
	k.mu.Unlock()
	k.end(sig)
}

// Start lets the program run again.
func (k *Keeper) Start() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil {
		close(k.down)
		k.down = nil
	}
}

// Quit ends the program as a service manager would, for good.
func (k *Keeper) Quit() {
	k.mu.Lock()
	if !k.quitting() {
		close(k.quit)
	}
	k.mu.Unlock()
	k.end(syscall.SIGTERM)
	<-k.done
}

// Lives are the program's runs so far.
func (k *Keeper) Lives() []Life {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]Life(nil), k.lives...)
}

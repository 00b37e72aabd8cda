//go:build chaos

package chaos

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"coldchain/gateway/app/programs"
)

// step is one thing to do at a moment of the round.
type step struct {
	at  time.Duration
	do  func()
	end *Strike // that is over with this step
}

// steps takes a strike apart.
func (c *county) steps(s *Strike) []step {
	begin, end := c.moves(s)
	if end == nil {
		return []step{{at: s.At, do: begin, end: s}}
	}
	steps := []step{{at: s.At, do: begin}, {at: s.At + s.For, do: end, end: s}}
	if s.Killed {
		steps = append(steps, step{at: s.At + s.For/2, do: c.sites[s.Target].agent.Kill})
	}
	return steps
}

// moves are what begins and what ends a strike; end is nil for what is over at
// once.
func (c *county) moves(s *Strike) (begin, end func()) {
	t, at := c.t, c.sites[s.Target]
	restart := func() { c.broker.Restart(t) }
	switch s.Kind {
	case EdgeKilled:
		return at.agent.Kill, nil
	case CollectorKilled:
		return c.collector.Kill, nil
	case BrokerKilled:
		return c.broker.Kill, restart
	case BrokerForgot:
		return func() {
			c.broker.Kill()
			if err := os.RemoveAll(c.path("broker/mosquitto.db")); err != nil {
				t.Fatal(err)
			}
		}, restart
	case DatabaseKilled:
		return c.influx.Kill, func() { c.influx.Restart(t) }
	case DatabaseStopped:
		return c.influx.Stop, func() { c.influx.Restart(t) }
	case LinkCut:
		return func() { c.proxy.cut(t, s.Target) }, func() { c.proxy.join(t, s.Target) }
	case LinkDelayed:
		return c.toxic(s, "latency", map[string]any{"latency": 400, "jitter": 300})
	case LinkThrottled:
		return c.toxic(s, "bandwidth", map[string]any{"rate": 2})
	case LinkHalfOpen:
		begin, heal := c.toxic(s, "timeout", map[string]any{"timeout": 0})
		return begin, func() {
			// What was sent meanwhile is gone: the connection cannot go on.
			c.proxy.cut(t, s.Target)
			heal()
			c.proxy.join(t, s.Target)
		}
	case DiskFilled:
		return func() { c.fill(at) }, func() { c.release(at) }
	case JournalTruncated, JournalFlipped, WALDamaged, JournalRestored:
		return c.journal(s)
	case CountyRestored:
		return c.restoreCounty, nil
	case MessagesRedelivered:
		return func() {
			c.messages.replay(s.Roll)
			if s.Roll%2 == 0 {
				c.collector.Kill()
			}
		}, func() { c.messages.replay(s.Roll) }
	case Poison:
		return c.messages.poison, nil
	case SlaveUnwell:
		return func() { at.slave.sicken(s.For) }, func() {}
	}
	return c.clockMoves(s)
}

func (c *county) toxic(s *Strike, kind string, attributes map[string]any) (begin, end func()) {
	return func() { c.proxy.poison(c.t, s.Target, kind, attributes) }, func() { c.proxy.heal(c.t, s.Target, kind) }
}

func (c *county) clockMoves(s *Strike) (begin, end func()) {
	t, at := c.t, c.sites[s.Target]
	set := func(offset time.Duration) func() { return func() { at.set(t, offset, "ntp") } }
	reset := func() { at.set(t, 0, "ntp") }
	startIn1970 := func() {
		at.agent.Stop(syscall.SIGKILL)
		at.boot(t, -time.Duration(time.Now().Unix()-100)*time.Second, "none")
		at.agent.Start()
	}
	switch s.Kind {
	case ClockForward: // less than what the county quarantines
		return set(time.Minute + time.Duration(s.Roll%120)*time.Second), reset
	case ClockBack:
		return set(-10*time.Minute - time.Duration(s.Roll%6000)*time.Second), reset
	case ClockGlitch:
		return set(10 * 365 * 24 * time.Hour), reset
	case ClockNone:
		return startIn1970, reset
	case ClockNever:
		return startIn1970, func() {
			at.agent.Stop(syscall.SIGKILL)
			at.boot(t, 0, "ntp")
			at.agent.Start()
		}
	}
	t.Fatalf("nobody knows how to do %q", s.Kind)
	return nil, nil
}

// fill leaves no byte of the small disk.
func (c *county) fill(at *site) {
	at.damages = append(at.damages, Damage{Kind: DiskFilled, From: time.Now(), To: time.Now().Add(time.Hour)})
	f, err := os.Create(filepath.Join(at.data, "ballast"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
}

// release gives the room back. The agent tries again every second.
func (c *county) release(at *site) {
	if err := os.Remove(filepath.Join(at.data, "ballast")); err != nil {
		c.t.Fatal(err)
	}
	at.damages[len(at.damages)-1].To = time.Now().Add(2 * time.Second)
}

// journal damages a site's journal while its agent is stopped; offline, after
// the link was cut for a while, so that it takes what was not delivered.
func (c *county) journal(s *Strike) (begin, end func()) {
	at := c.sites[s.Target]
	strike := func() {
		sig := syscall.SIGTERM // which leaves everything in the file itself
		if s.Kind == WALDamaged || s.Kind == JournalRestored {
			sig = syscall.SIGKILL
		}
		if s.Kind == WALDamaged { // an agent that has just been killed is on its way back
			await(c.t, "a journal's log", func() bool {
				_, err := os.Stat(filepath.Join(at.data, "journal.db-wal"))
				return err == nil
			})
		}
		d := Damage{Kind: s.Kind, Reach: c.began, From: time.Now()}
		if s.Kind == JournalRestored {
			d.Reach = c.copied
		}
		at.agent.Stop(sig)
		c.hurt(at, s)
		d.To = time.Now()
		at.damages = append(at.damages, d)
		at.agent.Start()
	}
	if !s.Offline {
		return strike, nil
	}
	return func() { c.proxy.cut(c.t, s.Target) }, func() {
		strike()
		c.proxy.join(c.t, s.Target)
	}
}

func (c *county) hurt(at *site, s *Strike) {
	r := rand.New(rand.NewPCG(s.Roll, 2))
	file := filepath.Join(at.data, "journal.db")
	switch s.Kind {
	case JournalTruncated:
		c.truncate(file, r)
	case JournalFlipped:
		c.flip(file, 1+r.IntN(20), r)
	case WALDamaged:
		if file += "-wal"; r.IntN(2) == 0 {
			c.truncate(file, r)
		} else {
			c.flip(file, 1+r.IntN(5), r)
		}
		c.messages.forget(at.name)
	case JournalRestored:
		c.messages.forget(at.name)
		c.copyJournal(c.path("copy-of-"+at.name), at.data)
	}
}

func (c *county) truncate(file string, r *rand.Rand) {
	info, err := os.Stat(file)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.Truncate(file, r.Int64N(info.Size()+1)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *county) flip(file string, bytes int, r *rand.Rand) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		c.t.Fatal(err)
	}
	for range bytes {
		if info.Size() == 0 {
			return
		}
		at := r.Int64N(info.Size())
		var b [1]byte
		if _, err := f.ReadAt(b[:], at); err != nil {
			c.t.Fatal(err)
		}
		b[0] ^= byte(1 + r.IntN(255))
		if _, err := f.WriteAt(b[:], at); err != nil {
			c.t.Fatal(err)
		}
	}
}

// copyJournal puts the files of one folder's journal into another, whatever is
// there.
func (c *county) copyJournal(from, to string) {
	if err := os.MkdirAll(to, 0o700); err != nil {
		c.t.Fatal(err)
	}
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.note", "journal.db.gaps"} {
		if err := os.RemoveAll(filepath.Join(to, name)); err != nil {
			c.t.Fatal(err)
		}
		in, err := os.Open(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			c.t.Fatal(err)
		}
		out, err := os.Create(filepath.Join(to, name))
		if err != nil {
			c.t.Fatal(err)
		}
		_, err = io.Copy(out, in)
		_ = in.Close()
		if e := out.Close(); err != nil || e != nil {
			c.t.Fatal(err, e)
		}
	}
}

// copies are made of two journals, as of a card in a reader, and of the county.
func (c *county) copies() {
	c.copied = time.Now()
	for _, name := range []string{Store, Small} {
		at := c.sites[name]
		at.agent.Stop(syscall.SIGKILL)
		c.copyJournal(at.data, c.path("copy-of-"+name))
		at.agent.Start()
	}
	programs.Run(c.t, filepath.Join(c.bin, "coldchain"), "backup", "--config", c.config, "--to", c.path("backup"), "--actor", "harness")
}

func (c *county) restoreCounty() {
	c.collector.Stop(syscall.SIGTERM)
	if err := c.lookApart(); err != nil {
		c.t.Errorf("read the quarantine: %v", err)
	}
	programs.Run(c.t, filepath.Join(c.bin, "coldchain"), "restore", "--config", c.config, "--from", c.path("backup"), "--force", "--actor", "harness")
	c.collector.Start()
	for _, s := range c.sites {
		s.damages = append(s.damages, Damage{Kind: CountyRestored, From: time.Now(), To: time.Now()})
	}
}

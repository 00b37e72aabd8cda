package w1

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fakeKernel is a model of the w1_therm driver on one bus, after its source in
// Linux 6: what its files say, how long they take, and how it hides failures.
type fakeKernel struct {
	mu     sync.Mutex
	probes map[string]*fakeProbe
	gone   bool // the bus itself
	noBulk bool // no therm_bulk_read
	denied bool // therm_bulk_read may not be written
	// lost makes the conversion command of a bulk read fail, which the kernel
	// does not tell.
	lost    bool
	shorted bool // the data line lies on ground, and the driver does not notice
	asked   int
	bulks   int
	slow    chan struct{} // when not nil, the bus's own file waits for it
}

type fakeProbe struct {
	now       [2]byte // what a conversion would give
	pad       [2]byte // what the last one gave
	away      bool    // no directory
	unplugged bool    // directory there, chip not: empty files
	corrupt   bool    // the checksum fails, on a kernel that says so
	bits      int     // resolution, default 12
	flag      int     // of the bulk read: 0, -1, 1
	hang      chan struct{}
	inside    int // reads under way
	crowded   bool
	reads     int
	// interrupted is how many reads yet end early and empty.
	interrupted int
	instead     *string // what the files say, whatever the chip
}

func (p *fakeProbe) conversion() time.Duration {
	if p.bits == 9 {
		return 95 * time.Millisecond
	}
	return 750 * time.Millisecond
}

func (k *fakeKernel) set(change func(k *fakeKernel)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(k)
}

// wait passes time without the lock.
func (k *fakeKernel) wait(d time.Duration) {
	k.mu.Unlock()
	defer k.mu.Lock()
	<-time.After(d)
}

func notThere(name string) error {
	return &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
}

func (k *fakeKernel) Read(name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	who, file, _ := strings.Cut(name, "/")
	if who == "w1_bus_master1" {
		return k.readMaster(name, file)
	}
	p := k.probes[who]
	if p == nil || p.away || k.gone {
		return nil, notThere(name)
	}
	switch file {
	case "conv_time":
		return fmt.Appendf(nil, "%d\n", p.conversion().Milliseconds()), nil
	case "w1_slave":
		return k.readSlave(p)
	}
	return nil, notThere(name)
}

func (k *fakeKernel) readMaster(name, file string) ([]byte, error) {
	switch {
	case k.gone:
		return nil, notThere(name)
	case file == "w1_master_slaves":
		var b strings.Builder
		for id := range k.probes {
			b.WriteString(id + "\n")
		}
		return []byte(b.String()), nil
	case file != "therm_bulk_read" || k.noBulk:
		return nil, notThere(name)
	}
	state := 0
	for _, p := range k.probes {
		if p.flag == -1 {
			return []byte("-1\n"), nil
		}
		state = max(state, p.flag)
	}
	return fmt.Appendf(nil, "%d\n", state), nil
}

func (k *fakeKernel) readSlave(p *fakeProbe) ([]byte, error) {
	p.reads++
	p.inside++
	defer func() { p.inside-- }()
	p.crowded = p.crowded || p.inside > 1
	if p.hang != nil {
		hang := p.hang
		k.mu.Unlock()
		<-hang
		k.mu.Lock()
	}
	switch {
	case p.instead != nil:
		return []byte(*p.instead), nil
	case p.interrupted > 0:
		p.interrupted--
		p.flag = 0
		return nil, nil
	case p.flag == -1 || p.unplugged:
		p.flag = min(p.flag, 0)
		return nil, nil
	case p.flag == 1:
		p.flag = 0
	default:
		k.wait(p.conversion())
		p.pad = p.now
	}
	return []byte(k.text(p)), nil
}

// text is a scratchpad as w1_slave shows it.
func (k *fakeKernel) text(p *fakeProbe) string {
	if k.shorted {
		return slave([9]byte{}, "YES", 0)
	}
	pad := [9]byte{p.pad[0], p.pad[1], 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10}
	pad[8] = crc8(pad[:8])
	milli := int(int16(uint16(pad[0])|uint16(pad[1])<<8)) * 1000 / 16
	if p.corrupt {
		pad[8] ^= 0x40
		return slave(pad, "NO", milli)
	}
	return slave(pad, "YES", milli)
}

func slave(pad [9]byte, verdict string, milli int) string {
	row := ""
	for _, b := range pad {
		row += fmt.Sprintf("%02x ", b)
	}
	return fmt.Sprintf("%s: crc=%02x %s\n%st=%d\n", row, crc8(pad[:8]), verdict, row, milli)
}

func (k *fakeKernel) Write(name string, data []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	switch {
	case name != "w1_bus_master1/therm_bulk_read":
		return errors.New("the driver writes to " + name)
	case k.gone || k.noBulk:
		return notThere(name)
	case k.denied:
		return &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
	case string(data) != "trigger\n":
		return nil // the kernel says nothing either
	}
	if k.slow != nil {
		slow := k.slow
		k.mu.Unlock()
		<-slow
		k.mu.Lock()
	}
	k.bulks++
	var longest time.Duration
	for _, p := range k.probes {
		longest = max(longest, p.conversion())
		p.flag = -1
	}
	if !k.lost {
		k.wait(longest)
	}
	for _, p := range k.probes {
		p.flag = 1
		if !k.lost && !p.unplugged {
			p.pad = p.now
		}
	}
	return nil
}

func (k *fakeKernel) List(name string) ([]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	if k.gone {
		return nil, notThere(name)
	}
	switch {
	case name == ".":
		names := []string{"w1_bus_master1"}
		for id, p := range k.probes {
			if !p.away {
				names = append(names, id)
			}
		}
		return names, nil
	case name == "w1_bus_master1", k.probes[name] != nil && !k.probes[name].away:
		return nil, nil
	}
	return nil, notThere(name)
}

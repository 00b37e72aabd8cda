// Package modemtest is a simulated GSM modem on a pseudo-terminal. It speaks
// AT by 3GPP TS 27.007 and 27.005 and takes SMS apart by TS 23.040, with code
// of its own. It guarantees that it never answers what it was not told to.
package modemtest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Modem is one simulated modem. Its fields are set before its port is opened.
type Modem struct {
	Path string // of the port

	// Send answers an SMS; nil: "+CMGS: n" and OK. An empty answer is silence.
	Send func(n int, s SMS) string
	// Command answers other commands; false: as usual. An empty answer is
	// silence.
	Command func(command string) (answer string, mine bool)

	master *os.File
	port   *os.File
	done   chan struct{}

	mu     sync.Mutex
	sent   []SMS
	wrong  error
	memory map[int]string
	next   int
	echo   bool
}

// New starts a modem that lasts as long as the test.
func New(t testing.TB) *Modem {
	t.Helper()
	master, port, err := openPTY()
	if err != nil {
		t.Fatal(err)
	}
	m := &Modem{Path: port.Name(), master: master, port: port, done: make(chan struct{}), memory: map[int]string{}, next: 1, echo: true}
	t.Cleanup(m.Unplug)
	go m.run()
	return m
}

// openPTY opens a pseudo-terminal in raw mode: the modem's side, and the port
// once, so that the modem need not notice when others open and close it.
func openPTY() (master, port *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	var n int
	raw, err := master.SyscallConn()
	if err == nil {
		err = errors.Join(raw.Control(func(fd uintptr) { n, err = setUpPTY(int(fd)) }), err)
	}
	if err == nil {
		port, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a pseudo-terminal: %w", err), master.Close())
	}
	return master, port, nil
}

// setUpPTY unlocks the port, makes it pass every byte, and returns its number.
func setUpPTY(fd int) (int, error) {
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return 0, err
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return 0, err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = t.Cflag&^unix.CSIZE | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return 0, err
	}
	return unix.IoctlGetInt(fd, unix.TIOCGPTN)
}

// Open opens the port, as a program would.
func (m *Modem) Open() (*os.File, error) {
	return os.OpenFile(m.Path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
}

// Unplug takes the modem away, as pulling its USB plug does.
func (m *Modem) Unplug() {
	_, _ = m.master.Close(), m.port.Close() // may be gone already
	<-m.done
}

// run reads commands until the modem is unplugged.
func (m *Modem) run() {
	defer close(m.done)
	var line []byte
	body := false // an SMS is being written after its prompt
	length := 0
	buf := make([]byte, 4096)
	for {
		n, err := m.master.Read(buf)
		if err != nil {
			return
		}
		for _, b := range buf[:n] {
			switch {
			case b == 0x1b:
				line, body = nil, false
			case body && b == 0x1a:
				m.say(m.take(string(line), length))
				line, body = nil, false
			case !body && (b == '\r' || b == '\n'):
				if len(line) > 0 {
					length, body = m.command(string(line))
				}
				line = nil
			default:
				line = append(line, b)
			}
		}
	}
}

func (m *Modem) say(text string) {
	if text != "" {
		_, _ = m.master.WriteString("\r\n" + text + "\r\n") // the port may be closed
	}
}

// command answers a line; sms says that an SMS of length octets follows.
func (m *Modem) command(line string) (length int, sms bool) {
	m.mu.Lock()
	if m.echo {
		_, _ = m.master.WriteString(line + "\r")
	}
	m.mu.Unlock()
	command, ok := strings.CutPrefix(line, "AT")
	if !ok {
		return 0, false // a modem does not answer what does not begin so
	}
	if m.Command != nil {
		if answer, mine := m.Command(command); mine {
			m.say(answer)
			return 0, false
		}
	}
	if text, ok := strings.CutPrefix(command, "+CMGS="); ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			m.say("+CMS ERROR: 304")
			return 0, false
		}
		_, _ = m.master.WriteString("\r\n> ")
		return n, true
	}
	m.say(m.answer(command))
	return 0, false
}

func (m *Modem) answer(command string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case command == "+CMGF=1":
		return "ERROR" // nobody may ask for it: it does not know Chinese
	case command == "E0":
		m.echo = false
	case command == "+CPIN?":
		return "+CPIN: READY\r\n\r\nOK"
	case command == "+CMGL=4":
		var b strings.Builder
		indexes := []int{}
		for i := range m.memory {
			indexes = append(indexes, i)
		}
		slices.Sort(indexes)
		for _, i := range indexes {
			fmt.Fprintf(&b, "+CMGL: %d,0,,%d\r\n%s\r\n", i, len(m.memory[i])/2-1, m.memory[i])
		}
		return b.String() + "\r\nOK"
	case strings.HasPrefix(command, "+CMGD="):
		i, err := strconv.Atoi(strings.TrimPrefix(command, "+CMGD="))
		if _, there := m.memory[i]; err != nil || !there {
			return "+CMS ERROR: 321"
		}
		delete(m.memory, i)
	}
	return "OK"
}

// take receives an SMS to be sent.
func (m *Modem) take(pdu string, length int) string {
	s, err := parseSubmit(pdu, length)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.wrong = err
		return "+CMS ERROR: 304"
	}
	n := len(m.sent) + 1
	answer := fmt.Sprintf("+CMGS: %d\r\n\r\nOK", n)
	if m.Send != nil {
		answer = m.Send(n, s)
	}
	if strings.HasSuffix(answer, "OK") {
		m.sent = append(m.sent, s)
	}
	return answer
}

// Sent returns every SMS that was taken, or what was wrong with one.
func (m *Modem) Sent() ([]SMS, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.sent), m.wrong
}

// Store puts a PDU into the modem's memory and announces it.
func (m *Modem) Store(pdu string) {
	m.mu.Lock()
	i := m.next
	m.next++
	m.memory[i] = pdu
	m.mu.Unlock()
	m.say(fmt.Sprintf("+CMTI: \"SM\",%d", i))
}

// Receive puts an SMS from a person into the memory and announces it.
func (m *Modem) Receive(from, text string, at time.Time) { m.Store(Deliver(from, text, at)) }

// Stored is how many SMS are in the memory.
func (m *Modem) Stored() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.memory)
}

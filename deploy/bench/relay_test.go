//go:build bench

package bench

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// relay stands between an edge and the broker and counts what passes, by kind
// of MQTT packet, and in how many TCP segments.
type relay struct {
	Addr   string
	broker string

	mu       sync.Mutex
	bytes    map[string]int
	packets  map[string]int
	segments int
	receipts map[string]string // direction and packet id -> kind of the message
}

func startRelay(t *testing.T, broker string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Addr: l.Addr().String(), broker: broker}
	r.reset()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { r.serve(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return r
}

func (r *relay) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes, r.packets, r.receipts, r.segments = map[string]int{}, map[string]int{}, map[string]string{}, 0
}

func (r *relay) serve(edge *net.TCPConn) {
	defer edge.Close()
	far, err := net.Dial("tcp", r.broker)
	if err != nil {
		return
	}
	defer far.Close()
	var wg sync.WaitGroup
	for _, way := range []struct {
		from, to net.Conn
		name     string
	}{{edge, far, "up"}, {far, edge, "down"}} {
		wg.Go(func() {
			_ = r.copy(way.to, way.from, way.name, edge)
			edge.Close()
			far.Close()
		})
	}
	wg.Wait()
}

// copy passes packets on whole, as MQTT 3.1.1 frames them.
func (r *relay) copy(to io.Writer, from io.Reader, way string, edge *net.TCPConn) error {
	before := segmentsOf(edge)
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, head[:2]); err != nil {
			return err
		}
		n := 2
		for head[n-1]&0x80 != 0 && n < 5 {
			if _, err := io.ReadFull(from, head[n:n+1]); err != nil {
				return err
			}
			n++
		}
		length := 0
		for i := n - 1; i > 0; i-- {
			length = length<<7 | int(head[i]&0x7f)
		}
		packet := append(append([]byte{}, head[:n]...), make([]byte, length)...)
		if _, err := io.ReadFull(from, packet[n:]); err != nil {
			return err
		}
		if _, err := to.Write(packet); err != nil {
			return err
		}
		now := segmentsOf(edge)
		r.count(way, packet, n)
		if way == "down" { // one of the two counts for both
			r.mu.Lock()
			r.segments += now - before
			r.mu.Unlock()
		}
		before = now
	}
}

// count adds a packet, and a receipt to the message that it is of.
func (r *relay) count(way string, packet []byte, head int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := "session"
	switch packet[0] >> 4 {
	case 3: // PUBLISH
		n := int(binary.BigEndian.Uint16(packet[head:]))
		topic := string(packet[head+2 : head+2+n])
		kind = topic[strings.LastIndexByte(topic, '/')+1:]
		if packet[0]&0x06 != 0 {
			r.receipts[way+string(packet[head+2+n:head+4+n])] = kind
		}
		r.packets[kind]++
	case 4: // PUBACK
		other := map[string]string{"up": "down", "down": "up"}[way]
		kind = r.receipts[other+string(packet[head:head+2])]
	case 12, 13:
		kind = "keepalive"
		r.packets[kind]++
	}
	r.bytes[kind] += len(packet)
}

// each is the mean size of a message of a kind, its receipt included.
func (r *relay) each(kind string) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return float64(r.bytes[kind]) / float64(max(r.packets[kind], 1))
}

func (r *relay) seen(kind string) (packets, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.packets[kind], r.bytes[kind]
}

// segmentsOf is how many segments have gone over a connection, both ways.
func segmentsOf(c *net.TCPConn) (n int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Segs_in + info.Segs_out)
		}
	})
	return n
}

//go:build qemu

package qemu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Of the NBD protocol (NetworkBlockDevice/nbd, doc/proto.md), as much as QEMU
// asks of a disk: the newstyle handshake with one export, then reads, writes
// and flushes, answered one after the other.
const (
	nbdMagic       = 0x4e42444d41474943 // "NBDMAGIC"
	nbdHaveOption  = 0x49484156454f5054 // "IHAVEOPT"
	nbdOptionReply = 0x3e889045565a9
	nbdRequest     = 0x25609513
	nbdReply       = 0x67446698

	nbdFixedNewstyle, nbdNoZeroes = 1, 2 // handshake flags
	nbdHasFlags, nbdSendFlush     = 1, 4 // transmission flags

	nbdOptAbort, nbdOptGo       = 2, 7
	nbdRepAck, nbdRepInfo       = 1, 3
	nbdRepUnsupported           = 1<<31 + 1
	nbdRead, nbdWrite           = 0, 1
	nbdDisconnect, nbdFlush     = 2, 3
	nbdMostOption, nbdMostBytes = 4096, 32 << 20
)

// serveDisk is the disk's plug: it serves one client at a time until the
// listener is closed, and returns what went wrong with a client that did not
// simply go away.
func serveDisk(l net.Listener, d *disk) error {
	var errs []error
	for {
		conn, err := l.Accept()
		if err != nil {
			return errors.Join(errs...)
		}
		s := nbdSession{d: d, r: bufio.NewReader(conn), w: bufio.NewWriter(conn)}
		if err := s.run(); err != nil && !goneAway(err) {
			errs = append(errs, err)
		}
		conn.Close()
	}
}

// goneAway: QEMU was killed, wherever it was.
func goneAway(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op)
}

type nbdSession struct {
	d *disk
	r *bufio.Reader
	w *bufio.Writer
}

// put sends numbers in the protocol's order of bytes.
func (s *nbdSession) put(values ...any) error {
	for _, v := range values {
		if err := binary.Write(s.w, binary.BigEndian, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *nbdSession) get(to any) error { return binary.Read(s.r, binary.BigEndian, to) }

func (s *nbdSession) run() error {
	if err := s.handshake(); err != nil {
		return err
	}
	for {
		if err := s.w.Flush(); err != nil {
			return err
		}
		if done, err := s.request(); done || err != nil {
			return err
		}
	}
}

func (s *nbdSession) handshake() error {
	if err := errors.Join(s.put(uint64(nbdMagic), uint64(nbdHaveOption), uint16(nbdFixedNewstyle|nbdNoZeroes)), s.w.Flush()); err != nil {
		return err
	}
	var flags uint32
	if err := s.get(&flags); err != nil {
		return err
	}
	for {
		var option struct {
			Magic        uint64
			Kind, Length uint32
		}
		if err := s.get(&option); err != nil {
			return err
		}
		if option.Magic != nbdHaveOption || option.Length > nbdMostOption {
			return fmt.Errorf("NBD: option %+v", option)
		}
		if _, err := io.CopyN(io.Discard, s.r, int64(option.Length)); err != nil {
			return err
		}
		var err error
		switch option.Kind {
		case nbdOptGo:
			const export = 0
			err = errors.Join(
				s.put(uint64(nbdOptionReply), option.Kind, uint32(nbdRepInfo), uint32(12), uint16(export), uint64(s.d.size()), uint16(nbdHasFlags|nbdSendFlush)),
				s.put(uint64(nbdOptionReply), option.Kind, uint32(nbdRepAck), uint32(0)))
			return err
		case nbdOptAbort:
			return io.EOF
		default:
			err = s.put(uint64(nbdOptionReply), option.Kind, uint32(nbdRepUnsupported), uint32(0))
		}
		if err := errors.Join(err, s.w.Flush()); err != nil {
			return err
		}
	}
}

func (s *nbdSession) request() (done bool, err error) {
	var q struct {
		Magic       uint32
		Flags, Kind uint16
		Cookie      uint64
		At          uint64
		Length      uint32
	}
	if err := s.get(&q); err != nil {
		return false, err
	}
	if q.Magic != nbdRequest {
		return false, fmt.Errorf("NBD: request %+v", q)
	}
	inside := q.Length <= nbdMostBytes && q.At <= uint64(s.d.size()) && uint64(q.Length) <= uint64(s.d.size())-q.At
	var data []byte
	if (q.Kind == nbdRead || q.Kind == nbdWrite) && inside {
		data = make([]byte, q.Length)
	}
	var on bool
	switch {
	case q.Kind == nbdDisconnect:
		return true, nil
	case q.Kind == nbdFlush:
		on = s.d.flush()
	case q.Kind == nbdRead && inside:
		if s.d.read(data, int64(q.At)) {
			return false, errors.Join(s.put(uint32(nbdReply), uint32(0), q.Cookie), s.put(data))
		}
	case q.Kind == nbdWrite && inside:
		if _, err := io.ReadFull(s.r, data); err != nil {
			return false, err
		}
		on = s.d.write(data, int64(q.At))
	default:
		return false, fmt.Errorf("NBD: request %+v of a disk of %d bytes", q, s.d.size())
	}
	if !on {
		return true, nil // without power it answers nothing
	}
	return false, s.put(uint32(nbdReply), uint32(0), q.Cookie)
}

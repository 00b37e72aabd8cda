//go:build qemu

package qemu

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// archive writes an initial RAM disk: a cpio archive in the "newc" format, of
// folders and executable files (the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst), compressed.
type archive struct {
	w     *bufio.Writer
	zip   *gzip.Writer
	at    int // bytes written, for alignment
	inode int
	made  map[string]bool
	err   error // the first
}

func newArchive(w io.Writer) (*archive, error) {
	// The board's CPU unpacks it, emulated: the level that costs least.
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	return &archive{w: bufio.NewWriter(zip), zip: zip, made: map[string]bool{}}, nil
}

// add puts the file src into the archive as name.
func (a *archive) add(name, src string) {
	data, err := os.ReadFile(src)
	if err != nil {
		a.fail(err)
		return
	}
	a.folder(path.Dir(name))
	a.entry(name, 0o100755, data)
}

func (a *archive) folder(name string) {
	if name == "." || a.made[name] {
		return
	}
	a.folder(path.Dir(name))
	a.made[name] = true
	a.entry(name, 0o040755, nil)
}

func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, nil)
	a.fail(a.w.Flush())
	a.fail(a.zip.Close())
	return a.err
}

func (a *archive) entry(name string, mode int, data []byte) {
	a.inode++
	// Magic, then 13 numbers of 8 hexadecimal digits: inode, mode, uid, gid,
	// links, mtime, size, device (4), length of the name with its NUL, checksum.
	a.write("070701")
	for _, n := range []int{a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0} {
		a.write(fmt.Sprintf("%08X", n))
	}
	a.write(name + "\x00")
	a.align()
	a.write(string(data))
	a.align()
}

func (a *archive) align() { a.write(strings.Repeat("\x00", -a.at&3)) }

func (a *archive) write(s string) {
	n, err := a.w.WriteString(s)
	a.at += n
	a.fail(err)
}

func (a *archive) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

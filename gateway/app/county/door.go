package county

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"coldchain/gateway/config"
)

// firstAdmin makes the user "admin" of a county that nobody can sign in to, and
// says his one-time password to whoever starts the program: once, as a plain
// line. Where nobody listens none is made: the password would be lost.
func (a *App) firstAdmin(ctx context.Context, say io.Writer) error {
	if say == nil {
		return nil
	}
	p, err := a.door.FirstAdmin(ctx)
	if err != nil || p == "" {
		return err
	}
	_, err = fmt.Fprintf(say, "首次启动：登录用户 admin，一次性密码 %[1]s（只显示这一次，登录后要改）\nFirst start: sign in as admin, one-time password %[1]s (shown this once, to be changed when signed in)\n", string(p))
	if err != nil {
		return fmt.Errorf("say the first admin's password: %w; make another with coldchain user passwd admin", err)
	}
	return nil
}

// pageCertificate is the page's own, read again when its files change: a renewal
// needs no restart.
type pageCertificate struct {
	files config.TLS
	log   *slog.Logger

	mu      sync.Mutex
	changed [2]time.Time // of the files as they were read
	pair    *tls.Certificate
}

// newPageCertificate reads it once, so that a wrong one is found at the start.
func newPageCertificate(files config.TLS, log *slog.Logger) (*pageCertificate, error) {
	c := &pageCertificate{files: files, log: log}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("web.tls: %w", err)
	}
	return c, nil
}

func (c *pageCertificate) times() (out [2]time.Time, err error) {
	for i, file := range []string{c.files.CertFile, c.files.KeyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return out, err
		}
		out[i] = info.ModTime()
	}
	return out, nil
}

func (c *pageCertificate) read() error {
	changed, err := c.times()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		return err
	}
	c.pair, c.changed = &pair, changed
	return nil
}

// get is asked at every handshake. A pair that cannot be read, or does not
// belong together because one half is still being written, leaves the old one in
// place.
func (c *pageCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changed, err := c.times(); err != nil || changed != c.changed {
		if err == nil {
			err = c.read()
		}
		if err != nil {
			c.log.Error("the page's new certificate cannot be used; the old one stays", "error", err)
		}
	}
	return c.pair, nil
}

func (c *pageCertificate) config() *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

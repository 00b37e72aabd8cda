package webtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"

	"coldchain/gateway/web"
)

// Signed are certificates by batch, newest first. Nothing in them is signed.
type Signed map[string][]web.Certificate

// certificates keeps them.
type certificates struct{ fake *Fake }

// Make implements web.Certificates.
func (c certificates) Make(_ context.Context, by web.Actor, _, batch, reason string) error {
	c.fake.mu.Lock()
	defer c.fake.mu.Unlock()
	if c.fake.lot(batch) < 0 {
		return fmt.Errorf("batch %s: %w", batch, web.ErrNotFound)
	}
	made := c.fake.Certificates[batch]
	number := fmt.Sprintf("%s.%d.abcdef", batch, len(made)+1)
	one := web.Certificate{Number: number, Version: len(made) + 1, Made: c.fake.now(), By: by.Name, SHA256: sha256.Sum256([]byte(number)), Reason: reason}
	if c.fake.Certificates == nil {
		c.fake.Certificates = Signed{}
	}
	c.fake.Certificates[batch] = append([]web.Certificate{one}, made...)
	return nil
}

// Of implements web.Certificates.
func (c certificates) Of(_ context.Context, batch string) ([]web.Certificate, error) {
	c.fake.mu.Lock()
	defer c.fake.mu.Unlock()
	return c.fake.Certificates[batch], c.fake.StateDown
}

// Write implements web.Certificates.
func (c certificates) Write(_ context.Context, w io.Writer, number string, form web.CertificateForm, _ string) error {
	c.fake.mu.Lock()
	defer c.fake.mu.Unlock()
	batch, _, _ := strings.Cut(number, ".")
	for _, x := range c.fake.Certificates[batch] {
		if x.Number == number {
			_, err := fmt.Fprintf(w, "%s as %s\n", number, form)
			return err
		}
	}
	return fmt.Errorf("certificate %s: %w", cmp.Or(number, "without a number"), web.ErrNotFound)
}

// noPublicPages are not found.
func noPublicPages() web.PublicPages {
	return web.PublicPages{Certificate: http.NotFoundHandler(), Keys: http.NotFoundHandler()}
}

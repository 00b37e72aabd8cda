// Package verifypage is the page that verifies a certificate in a browser, with
// and without a network. It guarantees that the page is one file which asks for
// nothing else: it can be saved and passed on. Its rules are written in
// JavaScript once more and share no line with the program that signs.
package verifypage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.js
var pageJS string

//go:embed verify.js
var verifyJS string

// noble.js is Ed25519 and SHA-2 of @noble/ed25519 and @noble/hashes (MIT), in
// the versions that ../npm pins, bundled by `make verify-page`.
//
//go:embed noble.js
var nobleJS string

// Page is the whole page.
func Page() string {
	page := pageHTML
	for name, script := range map[string]string{"/*noble*/": nobleJS, "/*verify*/": verifyJS, "/*page*/": pageJS} {
		page = strings.Replace(page, name, script, 1)
	}
	return page
}

// Handler serves it, with a policy that lets its own scripts run and nothing
// else, not even a request.
func Handler() http.Handler {
	page := []byte(Page())
	policy := "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src"
	for _, script := range []string{nobleJS, verifyJS, pageJS} {
		sum := sha256.Sum256([]byte(script))
		policy += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(page) // the reader has gone
	})
}

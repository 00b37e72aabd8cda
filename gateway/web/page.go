package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// page is the built page in memory: files by their URL path, and what is
// answered to any address the page itself understands.
type page struct {
	files map[string]file
	start file
}

type file struct {
	body, packed []byte // packed is nil when gzip does not help
	etag         string
	kind         string // Content-Type
	forever      bool   // its name changes with its content
}

func loadPage(tree fs.FS) (page, error) {
	p := page{files: map[string]file{}}
	if _, err := fs.Stat(tree, "app/index.html"); errors.Is(err, fs.ErrNotExist) {
		body, err := fs.ReadFile(tree, "placeholder.html")
		if err != nil {
			return p, err
		}
		p.start, err = newFile("placeholder.html", body)
		return p, err
	}
	err := fs.WalkDir(tree, "app", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		f, err := newFile(name, body)
		url := strings.TrimPrefix(name, "app")
		f.forever = strings.HasPrefix(url, "/assets/")
		p.files[url] = f
		return err
	})
	p.start = p.files["/index.html"]
	return p, err
}

func newFile(name string, body []byte) (file, error) {
	sum := sha256.Sum256(body)
	f := file{body: body, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, kind: kindOf(name)}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return f, err
	}
	if _, err := z.Write(body); err != nil {
		return f, err
	}
	if err := z.Close(); err != nil {
		return f, err
	}
	if packed.Len() < len(body) {
		f.packed = packed.Bytes()
	}
	return f, nil
}

// kindOf does not ask the machine's own tables, which differ.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// servePage answers a file of the page, or the page itself for addresses that
// it resolves in the browser, such as /zones/balagong/mutton-1.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	f, ok := s.page.files[r.URL.Path]
	if !ok {
		if path.Ext(r.URL.Path) != "" { // a missing file must not look like a page
			writeProblem(w, &apiError{http.StatusNotFound, "not-found", "没有这个文件", "there is no such file"})
			return
		}
		f = s.page.start
	}
	f.write(w, r)
}

// write answers with a file, packed for who takes that.
func (f file) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache") // asks each time, answered 304
	if f.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.packed != nil {
		h.Add("Vary", "Accept-Encoding")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if f.packed != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	w.Write(body)
}

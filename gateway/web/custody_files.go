package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"coldchain/gateway/files"
)

// putFile keeps a photo or a paper; the body is the file.
func (s *Server) putFile(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	f, err := s.deps.Files.Put(r.Context(), r.Body)
	switch {
	case errors.Is(err, files.ErrTooLarge):
		return nil, &apiError{http.StatusRequestEntityTooLarge, "too-large", "文件超过 12 MiB，请缩小后再传", err.Error()}
	case errors.Is(err, files.ErrKind):
		return nil, &apiError{http.StatusUnsupportedMediaType, "file-kind", "只收 JPEG、PNG 照片和 PDF", err.Error() + "; nothing else is kept"}
	case err != nil:
		return nil, fmt.Errorf("keep a file: %w", err)
	}
	return created{f}, nil
}

// getFile shows a file: papers carry names and numbers, so not to everybody who may look.
func (s *Server) getFile(w http.ResponseWriter, r *http.Request) {
	err := onlyParams(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	f, about, err := s.deps.Files.Open(r.PathValue("sum"))
	if errors.Is(err, files.ErrNotFound) {
		s.fail(w, r, notFound("没有这个文件", "there is no such file"))
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer f.Close() // only read
	w.Header().Set("Content-Type", about.Type)
	w.Header().Set("Content-Disposition", "attachment")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable") // the name is the content's hash
	http.ServeContent(w, r, "", time.Time{}, f)
}

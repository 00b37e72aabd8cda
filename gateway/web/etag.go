package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
)

// clockOfAnswer is the server's time at the beginning of an answer.
var clockOfAnswer = regexp.MustCompile(`^\{"now":"[^"]*",?`)

// same marks an answer to a GET with a weak ETag and, where whoever asks has the
// same one (If-None-Match), answers 304. All counts but the server's `now`, which
// is never the same: so the tag is weak, and whoever keeps an answer reckons ages
// from the Date of the 304. Browsers keep none (no-store): the page never shows
// what it had as what is.
func same(w http.ResponseWriter, r *http.Request, body []byte) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	sum := sha256.Sum256(clockOfAnswer.ReplaceAll(body, nil))
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", "W/"+tag)
	for given := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if given = strings.TrimSpace(given); given == "*" || strings.TrimPrefix(given, "W/") == tag {
			h.Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

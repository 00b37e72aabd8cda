package evidence

import (
	"encoding/json"
	"net/http"
)

// KeysHandler answers GET /api/v1/keys with what published returns. It needs no
// sign-in: a public key that cannot be had proves nothing.
func KeysHandler(published func() PublicKeys) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, err := json.Marshal(published())
		if err != nil { // strings and times always can be
			http.Error(w, "the keys could not be written", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(append(text, '\n')) // the reader has gone
	})
}

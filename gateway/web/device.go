package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// deviceCookie tells one phone or computer from another. It lets nobody in: it
// only says that a person has proved himself here before, and which device the
// audit shall name.
const deviceCookie = "coldchain_device"

// deviceLasts is as long as browsers keep a cookie.
const deviceLasts = 400 * 24 * time.Hour

type deviceKey struct{}

// remembering gives a browser that has no device cookie one, and lets next know
// by which device it is called.
func (s *Server) remembering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := ""
		if c, err := r.Cookie(deviceCookie); err == nil && formedDevice(c.Value) {
			secret = c.Value
		} else {
			secret = rand.Text()
			http.SetCookie(w, &http.Cookie{Name: deviceCookie, Value: secret, Path: "/", MaxAge: int(deviceLasts.Seconds()),
				HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secureRequest(r)})
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), deviceKey{}, deviceName(secret))))
	})
}

// formedDevice reports whether it is what rand.Text makes: 26 characters.
func formedDevice(s string) bool {
	return len(s) == 26 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// deviceName is how a device is called where others read it: not by its cookie.
func deviceName(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:8])
}

// deviceOf is the device that a request came by; empty: not known.
func deviceOf(r *http.Request) string {
	name, _ := r.Context().Value(deviceKey{}).(string)
	return name
}

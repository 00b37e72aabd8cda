package web

import (
	"net/http/httptest"
	"testing"
)

// TestTheClockOfAnAnswerIsNoChange: everything else is.
func TestTheClockOfAnAnswerIsNoChange(t *testing.T) {
	tag := func(body string) string {
		w := httptest.NewRecorder()
		same(w, httptest.NewRequest("GET", "/", nil), []byte(body))
		return w.Header().Get("ETag")
	}
	if tag(`{"now":"2026-11-23T12:00:00.000Z","a":1}`) != tag(`{"now":"2026-11-23T12:00:01.000Z","a":1}`) {
		t.Error("a second later it is another")
	}
	if tag(`{"now":"2026-11-23T12:00:00.000Z","a":1}`) == tag(`{"now":"2026-11-23T12:00:00.000Z","a":2}`) {
		t.Error("another value has the same tag")
	}
	if tag(`{"a":{"now":"1"}}`) == tag(`{"a":{"now":"2"}}`) {
		t.Error("a time inside of it does not count")
	}
}

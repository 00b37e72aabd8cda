package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"coldchain/gateway/store"
)

type hint struct{ after time.Duration }

func (h hint) Error() string             { return "busy" }
func (h hint) RetryAfter() time.Duration { return h.after }

func TestRetryAfterIsFoundInsideWrappedErrors(t *testing.T) {
	err := fmt.Errorf("write: %w: %w", store.ErrTemporary, hint{3 * time.Second})
	if got := store.RetryAfter(err); got != 3*time.Second {
		t.Errorf("got %s, want 3s", got)
	}
	if got := store.RetryAfter(errors.New("another")); got != 0 {
		t.Errorf("got %s for an error that says nothing, want 0", got)
	}
}

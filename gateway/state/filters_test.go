package state_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/state"
)

// What a session with the broker was given is known after a restart too, so
// that a sender taken out of the configuration can be unsubscribed.
func TestFiltersOfEarlierConfigurationsAreKnown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "county.db")
	for _, step := range []struct{ now, want []string }{
		{nil, nil},
		{[]string{"senders/a", "senders/b"}, nil},
		{[]string{"senders/b", "senders/a"}, nil},
		{[]string{"senders/c"}, []string{"senders/a", "senders/b"}},
		{nil, []string{"senders/a", "senders/b", "senders/c"}},
		{[]string{"senders/a"}, []string{"senders/b", "senders/c"}},
	} {
		db, err := state.Open(t.Context(), path, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.RememberFilters(t.Context(), step.now)
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("with %v: earlier ones %v, want %v: %v", step.now, got, step.want, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"coldchain/sensors/sim"
)

// kept is what a run writes beside its data so that a later one can go on with
// them: the same county at the same place of the same story. It is written when
// the past has been filled in, and not before: half a past cannot be gone on with.
type kept struct {
	Seed    uint64         `json:"seed"`
	Season  sim.Season     `json:"season"`
	Faults  string         `json:"faults"` // in words, to be compared only
	Start   time.Time      `json:"start"`
	Prefill map[string]int `json:"prefill"` // readings of the past, by site
}

const keptFile = "demo.json"

// readKept returns what an earlier run left in a folder, nil when the folder is
// new or empty.
func readKept(folder string, o RunOptions) (*kept, error) {
	text, err := os.ReadFile(filepath.Join(folder, keptFile))
	if errors.Is(err, os.ErrNotExist) {
		entries, err := os.ReadDir(folder)
		switch {
		case errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0:
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("demo: %w", err)
		}
		return nil, fmt.Errorf("demo: %s is not empty and holds no demonstration that was begun whole; name a new folder", folder)
	}
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return nil, fmt.Errorf("demo: %s: %w; name a new folder", filepath.Join(folder, keptFile), err)
	}
	if k.Seed != o.Seed || k.Season != o.Season || k.Faults != faultWords(o.Faults) {
		return nil, fmt.Errorf("demo: %s was begun with --seed %d --season %s and its own --faults; name the same, or a new folder", folder, k.Seed, k.Season)
	}
	return &k, nil
}

// fillOnce fills the past of a new county in, or takes it as filled.
func (s *show) fillOnce(ctx context.Context) error {
	if s.kept != nil {
		s.prefill = s.kept.Prefill
		s.say("接着 %s 的演示 / going on with the demonstration of %[1]s", s.start.Local().Format(time.DateTime))
		return nil
	}
	s.prefill = map[string]int{}
	if err := s.fill(ctx); err != nil {
		return err
	}
	text, err := json.Marshal(kept{s.o.Seed, s.o.Season, faultWords(s.o.Faults), s.start, s.prefill})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.data, keptFile), text, 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

func faultWords(faults []sim.Fault) string { return fmt.Sprintf("%+v", faults) }

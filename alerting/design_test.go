package alerting

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatTheDesignNamesIsThere: the table of known failures in DESIGN.md names
// scenarios and tests; each exists, and each failure has some.
func TestWhatTheDesignNamesIsThere(t *testing.T) {
	text, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`([^`]+)`")
	failures := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " **") {
			continue
		}
		failures++
		shown := names.FindAllStringSubmatch(cells[3], -1)
		if len(shown) < 3 {
			t.Errorf("%s is shown by %d", cells[1], len(shown))
		}
		for _, name := range shown {
			if err := exists(name[1]); err != nil {
				t.Errorf("%s: %v", cells[1], err)
			}
		}
	}
	if failures != 9 {
		t.Errorf("%d known failures are in the table, want 9", failures)
	}
	for _, none := range []string{"engine/99-nothing", "gateway/outbox.TestNothing", "gateway/outbox.Test", "nothing"} {
		if exists(none) == nil {
			t.Errorf("%s is said to be there", none)
		}
	}
}

// exists finds a scenario "engine/14-name" or a test "gateway/state.TestName".
func exists(name string) error {
	folder, test, isTest := strings.Cut(name, ".")
	if !isTest {
		folder, scenario := filepath.Split(name)
		_, err := os.Stat(filepath.Join(folder, "testdata", scenario+".txt"))
		return err
	}
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.Contains(string(code), "\nfunc "+test+"(t *testing.T)") {
			return nil
		}
	}
	return fmt.Errorf("there is no test %s", name)
}

// Package storytest plays scenarios: text files of what happened, with lines
// beginning with "=> " that say what came of it. It guarantees that each file is
// exactly what its story gives, or with -update becomes that.
package storytest

import (
	"flag"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expectations of the scenarios")

// Run plays every *.txt of a folder as a subtest: play returns the text with its
// expectations replaced by what happened. write, os.WriteFile, puts that into
// testdata with -update.
func Run(t *testing.T, folder fs.FS, write func(name string, content []byte, mode fs.FileMode) error, play func(t *testing.T, text string) string) {
	t.Helper()
	files, err := fs.Glob(folder, "*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".txt"), func(t *testing.T) {
			b, err := fs.ReadFile(folder, file)
			if err != nil {
				t.Fatal(err)
			}
			text := string(b)
			got := play(t, text)
			switch {
			case got == text || t.Failed():
			case *update:
				if err := write("testdata/"+file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s: differs (run with -update if that is meant):\n%s", file, difference(text, got))
			}
		})
	}
}

// Play returns a text with its expectations replaced. Each line's words go to
// step; settle then returns what came of it. Lines that begin with "also" happen
// at the same time as the one above: settle comes after the last of them. What
// stands behind a # is for the reader.
func Play(text string, step func(words []string) error, settle func() ([]string, error)) (string, error) {
	var out []string
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "=> ") {
			continue
		}
		out = append(out, line)
		if words := strings.Fields(strings.SplitN(line, "#", 2)[0]); len(words) > 0 {
			if err := step(words); err != nil {
				return "", fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		if next := i + 1; next < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[next]), "also ") {
			continue
		}
		said, err := settle()
		if err != nil {
			return "", fmt.Errorf("line %d: %w", i+1, err)
		}
		out = append(out, said...)
	}
	return strings.Join(out, "\n"), nil
}

// difference shows the first line that differs, and all that was got.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < len(w) && i < len(g) && w[i] == g[i] {
		i++
	}
	return fmt.Sprintf("line %d:\n  want %s\n  got  %s\n--- got\n%s", i+1, line(w, i), line(g, i), got)
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

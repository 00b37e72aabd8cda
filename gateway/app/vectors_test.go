package app

import (
	"encoding/csv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/gateway/app/programs"
)

// TestEveryVectorIsInATest: each row of the published vectors, where they are
// there, is named by a test that computes it.
func TestEveryVectorIsInATest(t *testing.T) {
	root := programs.Repository(t)
	f, err := os.Open(filepath.Join(root, "..", "shared", "vectors", "vectors.csv"))
	if err != nil {
		if f, err = os.Open(filepath.Join(root, "..", "..", "shared", "vectors", "vectors.csv")); err != nil {
			t.Skip("the vectors are not here: ", err)
		}
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, folder := range []string{"alerting", "sensors", "gateway"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return filepath.SkipDir
			case !strings.HasSuffix(path, "_test.go") || d.Name() == "vectors_test.go" && filepath.Base(filepath.Dir(path)) == "app":
				return nil
			}
			text, err := os.ReadFile(path)
			tests.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range rows[1:] {
		if !strings.Contains(tests.String(), row[0]) {
			t.Errorf("%s (%s) is in no test", row[0], row[1])
		}
	}
	t.Logf("%d vectors", len(rows)-1)
}

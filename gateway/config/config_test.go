package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// checkedSecret is the value that no message may show.
const checkedSecret = "hunter2-do-not-print"

// TestMistakes holds one file for each mistake, named after it, and beside it
// the lines that a person gets to read.
func TestMistakes(t *testing.T) {
	t.Setenv("COLDCHAIN_TEST_SECRET", checkedSecret)
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("found %d files (%v), want at least 30", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, p := range Check(file) {
				b.WriteString(strings.Replace(p.String(), file, filepath.Base(file), 1) + "\n")
			}
			got := b.String()
			if strings.Contains(got, "hunter2") || strings.Contains(got, "31415926") {
				t.Errorf("a secret is printed:\n%s", got)
			}
			if good := strings.HasSuffix(name, "-good"); good != (got == "") {
				t.Errorf("good file or not: %v, but the problems are:\n%s", good, got)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A truck's trips begin at the one centre whose position is known, unless its
// home is named; of several nobody can say which.
func TestWhereTripsBegin(t *testing.T) {
	north, east := 39.83, 108.73
	site := func(id string, k SiteKind) Site { return Site{ID: id, Kind: k, Latitude: &north, Longitude: &east} }
	c := County{Sites: []Site{site("centre", Centre), site("store", TownshipStore), {ID: "truck-1", Kind: Truck}, {ID: "truck-2", Kind: Truck, Home: "store"}}}
	c.ApplyDefaults()
	if c.Sites[2].Home != "centre" || c.Sites[3].Home != "store" || c.Sites[0].Radius != DefaultRadius || c.Sites[2].Radius != 0 {
		t.Errorf("%+v", c.Sites)
	}
	c = County{Sites: []Site{site("centre", Centre), site("other", Centre), {ID: "truck-1", Kind: Truck}}}
	c.ApplyDefaults()
	if c.Sites[2].Home != "" {
		t.Errorf("%+v", c.Sites[2])
	}
}

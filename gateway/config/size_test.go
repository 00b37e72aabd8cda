package config

import "testing"

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		text string
		want Size
		ok   bool
	}{
		{"512MiB", 512 << 20, true}, {"2GiB", 2 << 30, true}, {"2 GiB", 2 << 30, true}, {"500MB", 500e6, true}, {"1073741824", 1 << 30, true},
		{"1.5GiB", 0, false}, {"-1", 0, false}, {"2G", 0, false}, {"9999999999TiB", 0, false}, {"", 0, false}, {"plenty", 0, false},
	} {
		got, what, _ := parseSize(c.text)
		if got != c.want || (what == "") != c.ok {
			t.Errorf("%q: %d bytes, %q; want %d", c.text, got, what, c.want)
		}
	}
	if s := Size(DefaultJournalSize).String(); s != "1GiB" {
		t.Errorf("default is written %q", s)
	}
}

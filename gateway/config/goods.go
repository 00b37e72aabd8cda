package config

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"coldchain/alerting/profile"
)

// maxProductProfiles is how many kinds of goods a county describes itself.
const maxProductProfiles = 500

// Goods returns the product profiles of the county: those that come with the
// program, and the county's own, which go before those of the same name. It
// reads the files of product_profiles; the error names file and line.
func (c *County) Goods() (profile.Set, error) {
	set, err := profile.Builtin()
	if err != nil {
		return nil, err
	}
	for _, file := range c.ProductProfiles {
		p, err := readProductProfile(file)
		if err != nil {
			return nil, err
		}
		set[p.Name] = p
	}
	return set, nil
}

func readProductProfile(file string) (profile.Profile, error) {
	text, err := read(file)
	if err != nil {
		return profile.Profile{}, err
	}
	return profile.Parse(file, bytes.NewReader(text))
}

// checkProductProfiles looks at the files of product_profiles.
func (c *County) checkProductProfiles(r *report) {
	all := place("product_profiles")
	if len(c.ProductProfiles) > maxProductProfiles {
		r.bad(all, "one file for each kind of goods", "%s has %d files, at most %d are taken", all, len(c.ProductProfiles), maxProductProfiles)
		return
	}
	from := map[string]string{}
	for i, file := range c.ProductProfiles {
		p := all.index(i)
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			r.file(p, file) // says so
			continue
		}
		own, err := readProductProfile(file)
		if err != nil {
			r.bad(p, "run coldchain check on it", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
			continue
		}
		if other, twice := from[own.Name]; twice {
			r.bad(p, "give one of them another name", "%s %.200s: the profile %s is in %.200s already", p, file, own.Name, other)
		}
		from[own.Name] = file
	}
}

// checkProductProfile is what is wrong in a file that is itself a product
// profile.
func checkProductProfile(file string, data []byte) (problems []Problem) {
	if _, err := profile.Parse(file, bytes.NewReader(data)); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			problems = append(problems, Problem{What: line}) // the line has file and line number
		}
	}
	return problems
}

// isProductProfile tells a product profile by a top key that no other file has.
func isProductProfile(key string) bool {
	return slices.Contains([]string{"label", "hygiene", "life", "documents", "release", "chilling_injury", "freezing"}, key)
}

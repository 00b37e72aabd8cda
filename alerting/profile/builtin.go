package profile

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
)

//go:embed profiles/*.yaml
var builtin embed.FS

// Set is a collection of profiles by name.
type Set map[string]Profile

// Builtin returns the profiles that come with the program. An error would be a
// fault of the build; the tests make sure that there is none.
func Builtin() (Set, error) {
	files, err := fs.Glob(builtin, "profiles/*.yaml")
	if err != nil {
		return nil, err
	}
	set := Set{}
	for _, file := range files {
		text, err := builtin.ReadFile(file)
		if err != nil {
			return nil, err
		}
		p, err := Parse(file, bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if _, twice := set[p.Name]; twice {
			return nil, fmt.Errorf("%s: there is already a profile %s", file, p.Name)
		}
		set[p.Name] = p
	}
	return set, nil
}

// Names lists the profiles' names, sorted.
func (s Set) Names() []string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

package modbus

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

//go:embed profiles/*.yaml
var builtin embed.FS

// Builtin returns the profiles that come with the program, sorted by name. An
// error would be a fault of the build; the tests make sure that there is none.
func Builtin() ([]*Profile, error) {
	files, err := fs.Glob(builtin, "profiles/*.yaml")
	if err != nil {
		return nil, err
	}
	list := make([]*Profile, 0, len(files))
	for _, file := range files {
		text, err := builtin.ReadFile(file)
		if err != nil {
			return nil, err
		}
		p, err := ParseProfile(file, bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// LoadProfile returns a built-in profile by its name, or reads the file when
// the argument is a path ending in .yaml or .yml. The error for an unknown name
// lists the known ones.
func LoadProfile(nameOrPath string) (*Profile, error) {
	if strings.HasSuffix(nameOrPath, ".yaml") || strings.HasSuffix(nameOrPath, ".yml") {
		f, err := os.Open(nameOrPath)
		if err != nil {
			return nil, fmt.Errorf("device profile: %w", err)
		}
		defer f.Close()
		return ParseProfile(nameOrPath, f)
	}
	list, err := Builtin()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range list {
		if p.Name == nameOrPath {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("no device profile %q is built in (%s); for a profile of your own give its path, ending in .yaml",
		nameOrPath, strings.Join(names, ", "))
}

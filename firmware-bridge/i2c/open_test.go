package i2c

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenRefusesWhatIsNoI2CBus(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "i2c-1")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "i2c-9"), "does not exist"},
		{"regular file", file, "is not an I2C bus but a regular file"},
		{"directory", dir, "a directory"},
		{"other device", "/dev/null", "another character device"},
		{"link to another device", link, "another character device"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bus, err := Open(tt.path)
			if err == nil {
				bus.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path) {
				t.Errorf("error %q does not name %s and say %q", err, tt.path, tt.want)
			}
		})
	}
}

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Secret is a password or token. However it is printed, encoded or logged it
// shows as "[secret]"; only Reveal gives the text. The text sits behind a
// function so that printing a struct that holds a Secret in an unexported
// field, where fmt cannot call String, does not show it either.
type Secret struct {
	reveal func() string
}

const hidden = "[secret]"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the secret's text, to be given to the protocol that needs it
// and to nothing else. The zero Secret reveals "".
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String returns "[secret]".
func (s Secret) String() string { return hidden }

// GoString returns "[secret]".
func (s Secret) GoString() string { return hidden }

// Format writes "[secret]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText returns "[secret]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue returns "[secret]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Where a secret can be, beside a file's path.
const (
	fromEnvironment = "env:"        // env:NAME, an environment variable
	fromCredentials = "credential:" // credential:NAME, a file systemd put there by LoadCredential=
)

const maxSecretBytes = 8 << 10

// ReadSecret reads the secret that a *_file key names: the path of a file, or
// env:NAME for an environment variable, or credential:NAME for a credential of
// the systemd unit (LoadCredential=). A trailing newline is not part of it. It
// must be one line and not empty. No error repeats any of the secret's text;
// when what is given does not look like a path it is not repeated either, for
// it may be the secret itself.
func ReadSecret(path string) (Secret, error) {
	if name, ok := strings.CutPrefix(path, fromEnvironment); ok {
		return secretOf(os.Getenv(name), "environment variable "+showName(name))
	}
	file, err := secretFile(path)
	if err != nil {
		return Secret{}, err
	}
	f, err := os.Open(file)
	if err != nil {
		return Secret{}, fmt.Errorf("read secret file %s: %w", file, cause(err))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return Secret{}, fmt.Errorf("read secret file %s: %w", file, cause(err))
	}
	if len(data) > maxSecretBytes {
		return Secret{}, fmt.Errorf("secret file %s is longer than %d bytes: name a file that holds the secret alone", file, maxSecretBytes)
	}
	return secretOf(string(data), "secret file "+file)
}

func secretOf(text, from string) (Secret, error) {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return Secret{}, fmt.Errorf("%s is empty or not set", from)
	case strings.ContainsAny(text, "\r\n\x00"):
		return Secret{}, fmt.Errorf("%s has more than one line", from)
	}
	return NewSecret(text), nil
}

// errNotPath is about a value that is not shown.
var errNotPath = errors.New("does not look like a path")

// secretFile returns the file that a secret's path or credential: stands for.
func secretFile(path string) (string, error) {
	if name, ok := strings.CutPrefix(path, fromCredentials); ok {
		folder := os.Getenv("CREDENTIALS_DIRECTORY")
		if folder == "" || name == "" || strings.ContainsAny(name, "/") {
			return "", fmt.Errorf("credential %s: only a systemd unit with LoadCredential=%[1]s:/PATH has it", showName(name))
		}
		return filepath.Join(folder, name), nil
	}
	if !strings.Contains(path, "/") {
		return "", fmt.Errorf("secret: the value given %w: write /a/path, env:NAME or credential:NAME", errNotPath)
	}
	return path, nil
}

// showName shows what looks like the name of a variable or credential.
func showName(name string) string {
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.')
	})
	if odd || name == "" || len(name) > 64 {
		return "(of an impossible name)"
	}
	return name
}

// cause strips the operation and path that the os package puts before it.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

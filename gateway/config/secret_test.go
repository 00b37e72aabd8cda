package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	secret := NewSecret(checkedSecret)
	type client struct {
		Shown  Secret
		hidden Secret
		ptr    *Secret
	}
	c := client{secret, secret, &secret}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "secret", secret, "client", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret, "client", c, "any", []any{secret})
	printed := []string{
		secret.String(), fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q %x %d", secret, secret, secret, secret, secret, secret, secret),
		fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%v", []Secret{secret}), fmt.Sprintf("%v", map[string]any{"a": secret}),
		string(asJSON), log.String(),
	}
	hexed := fmt.Sprintf("%x", checkedSecret)
	for _, s := range printed {
		if strings.Contains(s, checkedSecret) || strings.Contains(s, hexed) {
			t.Errorf("the secret is shown: %s", s)
		}
	}
	if !strings.Contains(string(asJSON), hidden) || secret.String() != hidden {
		t.Errorf("want %s in its place, got %s and %s", hidden, asJSON, secret)
	}
	if secret.Reveal() != checkedSecret || (Secret{}).Reveal() != "" {
		t.Error("Reveal must give the text, and nothing for the zero Secret")
	}
}

func TestReadSecret(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("CREDENTIALS_DIRECTORY", folder)
	t.Setenv("COLDCHAIN_TEST_SECRET", checkedSecret)
	file("mqtt-password", checkedSecret+"\n")
	good := map[string]string{
		"a file":                       file("plain", checkedSecret),
		"a trailing newline":           file("newline", checkedSecret+"\n"),
		"a trailing newline of DOS":    file("dos", checkedSecret+"\r\n"),
		"an environment variable":      "env:COLDCHAIN_TEST_SECRET",
		"a credential of systemd unit": "credential:mqtt-password",
	}
	for what, path := range good {
		if s, err := ReadSecret(path); err != nil || s.Reveal() != checkedSecret {
			t.Errorf("%s: %v, want the secret", what, err)
		}
	}
	spaces, err := ReadSecret(file("spaces", "  a b \n"))
	if err != nil || spaces.Reveal() != "  a b " {
		t.Errorf("spaces belong to a secret: got %q (%v)", spaces.Reveal(), err)
	}
	bad := map[string]string{
		"an empty file":                   file("empty", "\n"),
		"two lines":                       file("two", checkedSecret+"\n"+checkedSecret),
		"a file that is no secret":        file("long", strings.Repeat(checkedSecret, 1000)),
		"a missing file":                  filepath.Join(folder, "missing"),
		"a folder":                        folder + "/",
		"a variable that is not set":      "env:COLDCHAIN_TEST_UNSET",
		"the secret itself":               checkedSecret,
		"the secret behind env:":          "env:" + checkedSecret + "!",
		"a credential outside its folder": "credential:../plain",
		"nothing":                         "",
	}
	for what, path := range bad {
		s, err := ReadSecret(path)
		if err == nil || s.Reveal() != "" {
			t.Errorf("%s: accepted", what)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret: %v", what, err)
		}
	}
}

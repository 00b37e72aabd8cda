package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "hunter2-do-not-print"
	s := NewSecret(text)
	type robot struct {
		Shown Secret
		inner Secret
		ptr   *Secret
	}
	r := robot{s, s, &s}
	asJSON, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "robot", r)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "robot", r, "any", []any{s})
	for _, printed := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%v %+v %#v", r, r, r), fmt.Sprint(map[string]any{"a": s}), string(asJSON), log.String(),
	} {
		if strings.Contains(printed, text) || strings.Contains(printed, fmt.Sprintf("%x", text)) {
			t.Errorf("the secret is shown: %s", printed)
		}
	}
	if s.Reveal() != text || (Secret{}).Reveal() != "" {
		t.Error("Reveal must give the text, and nothing for the zero Secret")
	}
}

func TestFarText(t *testing.T) {
	got := FarText("invalid\r\n key=k-1 \x00"+strings.Repeat("长", 300), NewSecret("k-1"), Secret{})
	if !strings.HasPrefix(got, "invalid key=[secret] 长") || Runes(got) != 200 {
		t.Errorf("%q", got)
	}
}

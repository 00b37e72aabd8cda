package notify

import (
	"fmt"
	"io"
	"strings"
)

// Secret is a key, a password or an address that holds one. However it is
// printed, encoded or logged it shows as "[secret]"; only Reveal gives the
// text. The text sits behind a function, because fmt prints a struct's
// unexported fields without asking String.
type Secret struct {
	reveal func() string
}

const hidden = "[secret]"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the text, for the protocol that needs it and nothing else.
// The zero Secret reveals "".
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

// FarText makes what a far end said fit for an error: one line, at most 200
// characters, and none of the secrets, which some far ends repeat.
func FarText(text string, secrets ...Secret) string {
	for _, s := range secrets {
		if v := s.Reveal(); v != "" {
			text = strings.ReplaceAll(text, v, hidden)
		}
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	return Cut(text, 200, Runes)
}

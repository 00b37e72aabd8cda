package logger

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	xunicode "golang.org/x/text/encoding/unicode"
)

// Encoding is how letters are written as bytes.
type Encoding string

// The encodings. Latin-1 is read as Windows does, which holds all of it.
const (
	UTF8    Encoding = "utf-8"
	UTF16LE Encoding = "utf-16le"
	UTF16BE Encoding = "utf-16be"
	Latin1  Encoding = "latin-1"
	GB18030 Encoding = "gb18030"
)

func (e Encoding) decoder() (encoding.Encoding, error) {
	switch e {
	case UTF16LE:
		return xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM), nil
	case UTF16BE:
		return xunicode.UTF16(xunicode.BigEndian, xunicode.UseBOM), nil
	case Latin1:
		return charmap.Windows1252, nil
	case GB18030:
		return simplifiedchinese.GB18030, nil
	}
	return nil, fmt.Errorf("encoding %.20q: want %s, %s, %s, %s or %s", e, UTF8, UTF16LE, UTF16BE, Latin1, GB18030)
}

// decode returns the file's text. A mark at the beginning decides, then what
// the bytes can be.
func decode(b []byte, asked Encoding) (string, Encoding, error) {
	e := asked
	if e == "" {
		var err error
		if e, err = detect(b); err != nil {
			return "", "", err
		}
	}
	if e == UTF8 {
		b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
		if !utf8.Valid(b) {
			return "", "", fmt.Errorf("line %d is not UTF-8", lineOf(b, firstInvalid(b)))
		}
		return string(b), e, nil
	}
	d, err := e.decoder()
	if err != nil {
		return "", "", err
	}
	out, err := d.NewDecoder().Bytes(b)
	if err != nil {
		return "", "", fmt.Errorf("the file is not %s: %w", e, err)
	}
	if i := bytes.IndexRune(out, utf8.RuneError); i >= 0 {
		return "", "", fmt.Errorf("line %d is not %s", lineOf(out, i), e)
	}
	return string(out), e, nil
}

func detect(b []byte) (Encoding, error) {
	switch {
	case bytes.HasPrefix(b, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(b, []byte("\x00\x00\xFE\xFF")):
		return "", fmt.Errorf("the file is UTF-32: save it as UTF-8")
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		return UTF16LE, nil
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return UTF16BE, nil
	}
	// Text that is nearly all Latin has a zero in every second byte of UTF-16.
	head := b[:min(len(b), 4096)&^1]
	var even, odd int
	for i, c := range head {
		switch {
		case c != 0:
		case i%2 == 0:
			even++
		default:
			odd++
		}
	}
	switch quarter := len(head) / 4; {
	case odd > quarter && even == 0:
		return UTF16LE, nil
	case even > quarter && odd == 0:
		return UTF16BE, nil
	case bytes.IndexByte(b, 0) >= 0:
		return "", fmt.Errorf("line %d has a zero byte: this is no text", lineOf(b, bytes.IndexByte(b, 0)))
	case utf8.Valid(b):
		return UTF8, nil
	}
	return singleOrDouble(b)
}

// singleOrDouble tells Latin-1 from GB18030. Chinese letters come as pairs of
// high bytes; a degree sign or an umlaut stands alone between plain letters.
// ("°C" in Latin-1 is also a rare Chinese letter, 癈, whose second byte is C.)
func singleOrDouble(b []byte) (Encoding, error) {
	var alone, pairs int
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		j := i
		for j < len(b) && b[j] >= utf8.RuneSelf {
			j++
		}
		if j-i == 1 {
			alone++
		} else {
			pairs++
		}
		i = j
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	chinese := err == nil && !bytes.ContainsRune(text, utf8.RuneError) && bytes.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) || r == '℃' || r == '℉' })
	switch {
	case pairs == 0:
		return Latin1, nil
	case alone == 0 && chinese:
		return GB18030, nil
	case !chinese:
		return Latin1, nil
	}
	return "", &Undecided{What: "encoding", Why: "the file's letters can be Latin-1 or Chinese", Choices: []string{string(Latin1), string(GB18030)}}
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

func lineOf(b []byte, i int) int { return 1 + bytes.Count(b[:i], []byte("\n")) }

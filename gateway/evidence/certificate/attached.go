package certificate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// embedded is how this program's PDFs hold their attachment.
var embedded = regexp.MustCompile(`/Type /EmbeddedFile /Length (\d{1,9}) /Filter /FlateDecode [^\r\n]{0,200}[\r\n]{1,4}stream\r?\n`)

// maxAttached bounds what an attachment is unpacked to.
const maxAttached = 64 << 20

// Attached takes the signed envelope out of a PDF that this program made. One
// that another program has saved anew may hold it in a form that is not read
// here: its attachment can be saved with any PDF reader.
func Attached(pdf []byte) ([]byte, error) {
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return nil, errors.New("it is no PDF")
	}
	all := embedded.FindAllSubmatchIndex(pdf, 3)
	if len(all) != 1 {
		return nil, fmt.Errorf("it has %d attachments as this program writes them; want one: save the attachment with a PDF reader and verify that file", len(all))
	}
	m := all[0]
	length, err := strconv.Atoi(string(pdf[m[2]:m[3]]))
	if err != nil || length > len(pdf)-m[1] {
		return nil, errors.New("its attachment is cut short")
	}
	r, err := zlib.NewReader(bytes.NewReader(pdf[m[1] : m[1]+length]))
	if err != nil {
		return nil, fmt.Errorf("its attachment: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxAttached+1))
	if err != nil {
		return nil, fmt.Errorf("its attachment: %w", err)
	}
	if len(text) > maxAttached {
		return nil, fmt.Errorf("its attachment is larger than %d MB", maxAttached>>20)
	}
	return text, nil
}

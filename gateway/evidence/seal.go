package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// sealFormat names the form of a seal; it also stands before the signed bytes,
// so that no signature of another kind can be taken for one of these.
const sealFormat = "coldchain seal 1"

// Seal is what is signed: the SHA-256 of every part of the document, so that a
// part that was changed afterwards has a name.
type Seal struct {
	Format string            `json:"format"`
	Number string            `json:"number"`
	Parts  map[string]string `json:"parts"` // JSON Pointer (RFC 6901) to SHA-256 in hexadecimal
}

// Depth of the parts below the document; exposure has one more, so that an
// interval's sums are told from its place.
const (
	partDepth     = 3
	exposureDepth = 4
)

// maxFile bounds a certificate that is read.
const maxFile = 64 << 20

// Canonical is the form of RFC 8785 (JCS). Text that is not JSON, names a key
// twice or is not valid UTF-8 is an error.
func Canonical(text []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(text))
	if err := v.Canonicalize(); err != nil {
		return nil, err
	}
	return v, nil
}

func canonicalOf(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return Canonical(text)
}

// sealOf hashes the parts of a document in canonical form.
func sealOf(number string, document []byte) (Seal, error) {
	parts, err := partsOf(document)
	if err != nil {
		return Seal{}, err
	}
	s := Seal{Format: sealFormat, Number: number, Parts: map[string]string{}}
	for name, part := range parts {
		sum := sha256.Sum256(part)
		s.Parts[name] = hex.EncodeToString(sum[:])
	}
	return s, nil
}

// partsOf cuts canonical JSON into its parts.
func partsOf(document []byte) (map[string]json.RawMessage, error) {
	parts := map[string]json.RawMessage{}
	err := cut(parts, "", 0, document)
	return parts, err
}

func cut(parts map[string]json.RawMessage, name string, depth int, value []byte) error {
	most := partDepth
	if strings.HasPrefix(name, "/exposure/") {
		most = exposureDepth
	}
	if depth < most && len(value) > 2 { // {} and [] are parts themselves
		switch value[0] {
		case '{':
			var members map[string]json.RawMessage
			if err := json.Unmarshal(value, &members); err != nil {
				return err
			}
			for _, key := range slices.Sorted(maps.Keys(members)) {
				if err := cut(parts, name+"/"+pointerEscape.Replace(key), depth+1, members[key]); err != nil {
					return err
				}
			}
			return nil
		case '[':
			var elements []json.RawMessage
			if err := json.Unmarshal(value, &elements); err != nil {
				return err
			}
			for i, e := range elements {
				if err := cut(parts, name+"/"+strconv.Itoa(i), depth+1, e); err != nil {
					return err
				}
			}
			return nil
		}
	}
	parts[name] = value
	return nil
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// signedBytes are the bytes under the signature.
func signedBytes(sealText []byte) []byte {
	return append([]byte(sealFormat+"\n"), sealText...)
}

// readAll reads at most maxFile bytes.
func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("it is larger than %d MB: no certificate", maxFile>>20)
	}
	if len(text) == 0 {
		return nil, errors.New("it is empty")
	}
	return text, nil
}

package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxDepth is how deep values may lie in each other.
const maxDepth = 16

// parseObject reads one JSON object. Unlike encoding/json's Unmarshal it
// refuses a field that comes twice, which means two things, and it keeps
// numbers as they were written.
func parseObject(payload []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	v, err := value(d, maxDepth)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it is not a JSON object {...}")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return object, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("JSON at byte %d: %w", d.InputOffset(), err)
	}
	open, isDelim := t.(json.Delim)
	switch {
	case !isDelim:
		return t, nil
	case depth == 0:
		return nil, fmt.Errorf("JSON nested deeper than %d", maxDepth)
	case open == '[':
		return list(d, depth)
	}
	return object(d, depth)
}

func list(d *json.Decoder, depth int) (any, error) {
	out := []any{}
	for d.More() {
		v, err := value(d, depth-1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, end(d)
}

func object(d *json.Decoder, depth int) (any, error) {
	out := map[string]any{}
	for d.More() {
		k, err := value(d, 0)
		if err != nil {
			return nil, err
		}
		key, _ := k.(string) // the decoder takes nothing else here
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("field %.60q came twice", key)
		}
		if out[key], err = value(d, depth-1); err != nil {
			return nil, err
		}
	}
	return out, end(d)
}

// end reads the closing bracket that More has seen.
func end(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("JSON at byte %d: %w", d.InputOffset(), err)
	}
	return nil
}

// lookup follows a path through objects and lists.
func lookup(root map[string]any, path []string) (any, bool) {
	var at any = root
	for _, step := range path {
		switch in := at.(type) {
		case map[string]any:
			next, ok := in[step]
			if !ok {
				return nil, false
			}
			at = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			at = in[i]
		default:
			return nil, false
		}
	}
	return at, true
}

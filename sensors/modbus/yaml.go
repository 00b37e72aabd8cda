package modbus

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxProfileSize bounds what is read of a profile; the largest built-in one is
// a twentieth of it.
const maxProfileSize = 64 << 10

// document collects the mistakes of one YAML file, each with its line.
type document struct {
	file     string
	mistakes []error
	wanted   []wantedFlag // what bad_when names, to be checked when all is read
}

func (d *document) mistake(n *yaml.Node, format string, a ...any) {
	d.mistakes = append(d.mistakes, fmt.Errorf("%s:%d: %s", d.file, n.Line, fmt.Sprintf(format, a...)))
}

// root reads the only document of a file as a mapping. Syntax errors name the
// file; yaml.v3 names the line in its own text.
func (d *document) root(r io.Reader) (*yaml.Node, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxProfileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: read the profile: %w", d.file, err)
	}
	if len(text) > maxProfileSize {
		return nil, fmt.Errorf("%s: longer than %d bytes: not a device profile", d.file, maxProfileSize)
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s:1: empty: want a device profile, beginning with its name", d.file)
	case err != nil:
		return nil, d.syntax(err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document: one profile a file", d.file)
	}
	return doc.Content[0], nil
}

// syntax makes "yaml: line 3: did not find ..." one of our lines.
func (d *document) syntax(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		return fmt.Errorf("%s:%s", d.file, rest)
	}
	return fmt.Errorf("%s: %s", d.file, text)
}

// fields are a mapping's values by key.
type fields struct {
	node   *yaml.Node
	values map[string]*yaml.Node
}

// fields reads a mapping that may have these keys and no others.
func (d *document) fields(n *yaml.Node, what string, known ...string) fields {
	f := fields{n, map[string]*yaml.Node{}}
	d.each(n, what, func(key, value *yaml.Node) {
		if !slices.Contains(known, key.Value) {
			d.mistake(key, "unknown key %q in %s (known: %s)", key.Value, what, strings.Join(known, ", "))
			return
		}
		f.values[key.Value] = value
	})
	return f
}

// each visits the pairs of a mapping in the file's order.
func (d *document) each(n *yaml.Node, what string, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.mistake(n, "%s is not a mapping of keys to values", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.mistake(key, "a key of %s is not a word", what)
		case value.Kind == yaml.AliasNode || value.Anchor != "":
			d.mistake(value, "%s.%s: anchors and aliases are not used in profiles: write the value out", what, key.Value)
		case seen[key.Value]:
			d.mistake(key, "key %q stands twice in %s", key.Value, what)
		default:
			seen[key.Value] = true
			visit(key, value)
		}
	}
}

// text returns a scalar's text; ok is false when the key is absent or no
// scalar. what is the key's full name for messages.
func (d *document) text(f fields, key string) (s string, n *yaml.Node, ok bool) {
	n, ok = f.values[key]
	if !ok {
		return "", nil, false
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.mistake(n, "%s: want a single value", key)
		return "", n, false
	}
	return strings.TrimSpace(n.Value), n, true
}

// require is text for a key that must be there.
func (d *document) require(f fields, key, what, wanted string) (string, *yaml.Node, bool) {
	if _, there := f.values[key]; !there {
		d.mistake(f.node, "%s lacks %s: %s", what, key, wanted)
		return "", nil, false
	}
	return d.text(f, key)
}

// list returns the scalars of a sequence.
func (d *document) list(f fields, key string) []*yaml.Node {
	n, ok := f.values[key]
	if !ok {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.mistake(n, "%s: want a list such as [a, b]", key)
		return nil
	}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			d.mistake(item, "%s: want single values in the list", key)
			return nil
		}
	}
	return n.Content
}

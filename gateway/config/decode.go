package config

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The bounds on a file. A county of 50 sites takes about 50 kB and 5000 nodes.
const (
	maxFileBytes = 1 << 20
	maxNodes     = 100_000 // visited, counting a value again for every alias of it
	maxProblems  = 1000    // nobody reads on after that
)

// decoder fills structs from YAML nodes, noting every mistake and going on.
// The nodes are walked by type, so the depth is that of the Go structs,
// whatever the file does; maxNodes bounds the breadth that aliases can give.
type decoder struct {
	report
	visited int
}

// decode reads data, which came from a file of that name, into out (a pointer
// to struct). It never touches the file system.
func decode(file string, data []byte, out any) *report {
	d := &decoder{report: report{src: newSource(file)}}
	root, bad := parseYAML(data)
	if bad != nil {
		bad.File = file
		d.problems = append(d.problems, *bad)
		d.src.spoil("")
		return &d.report
	}
	d.value("", root, reflect.ValueOf(out).Elem())
	if d.visited > maxNodes {
		d.fail("", root, "write fewer, or fewer aliases (*name)", "the file unfolds to more than %d values", maxNodes)
	}
	return &d.report
}

// parseYAML returns the single document's root mapping.
func parseYAML(data []byte) (root *yaml.Node, bad *Problem) {
	if len(data) > maxFileBytes {
		return nil, &Problem{Line: 1, What: fmt.Sprintf("the file has %d bytes", len(data)), Want: fmt.Sprintf("at most %d are read", maxFileBytes)}
	}
	// The YAML library answers some malformed input with a panic of its own.
	defer func() {
		if recover() != nil {
			root, bad = nil, &Problem{Line: 1, What: "this is not YAML", Want: "see the examples in deploy/examples"}
		}
	}()
	reader := yaml.NewDecoder(bytes.NewReader(data))
	var document, next yaml.Node
	if err := reader.Decode(&document); err == io.EOF {
		return nil, &Problem{Line: 1, What: "the file is empty", Want: "see the examples in deploy/examples"}
	} else if err != nil {
		return nil, syntaxProblem(data, err)
	}
	if err := reader.Decode(&next); err == nil {
		return nil, &Problem{Line: next.Line, What: "a second document begins here", Want: "keep one, without a line ---"}
	} else if err != io.EOF {
		return nil, syntaxProblem(data, err)
	}
	root = document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, &Problem{Line: root.Line, What: "the file is " + kindOf(root), Want: "it is made of lines KEY: VALUE"}
	}
	return root, nil
}

var (
	yamlLine      = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
	// What the library's parser, not its scanner, complains of: it counts the
	// lines of these from 0.
	brokenOff = regexp.MustCompile(`^did not find expected (?:<|node content|',' or|key|'-')`)
)

// syntaxProblem turns the library's message into a problem. What the library
// quotes from the file is left out: it could be part of a secret.
func syntaxProblem(data []byte, err error) *Problem {
	m := yamlLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	text := err.Error()[len(m[0]):]
	want := "check the indentation (spaces, no tabs), the colons and the quotes near here"
	if a := unknownAnchor.FindStringSubmatch(text); a != nil {
		text, want = "a value begins with * and names no anchor", "put the value in double quotes"
		line = 1 + bytes.Count(data[:max(0, bytes.Index(data, []byte("*"+a[1])))], []byte("\n"))
	}
	if brokenOff.MatchString(text) {
		text, line = "the YAML breaks off here: "+text, line+1
	}
	return &Problem{Line: max(line, 1), What: text, Want: want}
}

// fail notes a mistake and that the value at p must not be judged further.
func (d *decoder) fail(p place, n *yaml.Node, want, what string, args ...any) {
	d.src.spoil(p)
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, Problem{File: d.src.file, Line: n.Line, Key: p.String(), What: fmt.Sprintf(what, args...), Want: want})
	}
}

// value decodes n into out.
func (d *decoder) value(p place, n *yaml.Node, out reflect.Value) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.visited++; d.visited > maxNodes {
		return
	}
	d.src.lines[p] = n.Line
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		d.fail(p, n, "give it a value or remove the line", "%s has no value", p)
		return
	}
	switch out.Kind() {
	case reflect.Struct:
		d.structure(p, n, out)
	case reflect.Slice:
		d.list(p, n, out)
	case reflect.Map:
		d.mapping(p, n, out)
	case reflect.Pointer:
		out.Set(reflect.New(out.Type().Elem()))
		d.value(p, n, out.Elem())
	default:
		d.scalar(p, n, out)
	}
}

// pairs calls each for the keys of a mapping, once each.
func (d *decoder) pairs(p place, n *yaml.Node, each func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(p, n, "indent lines KEY: VALUE under it", "%s is %s", p, kindOf(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if d.visited++; d.visited > maxNodes {
			return
		}
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode:
			d.fail(p, k, "a key is one word", "a key is %s", kindOf(k))
		case k.ShortTag() == "!!merge":
			d.fail(p, k, "write the keys out", "<< is not supported here")
		case seen[k.Value] != 0:
			d.fail(p.key(k.Value), k, "keep one of the two", "%.60q is given twice (first on line %d)", k.Value, seen[k.Value])
		default:
			seen[k.Value] = k.Line
			each(k.Value, k, v)
		}
	}
}

// structure decodes a mapping whose keys are the struct's yaml tags.
func (d *decoder) structure(p place, n *yaml.Node, out reflect.Value) {
	fields := map[string]int{}
	var known []string
	for i := range out.NumField() {
		name, _, _ := strings.Cut(out.Type().Field(i).Tag.Get("yaml"), ",")
		fields[name] = i
		known = append(known, name)
	}
	d.pairs(p, n, func(key string, k, v *yaml.Node) {
		if i, ok := fields[key]; ok {
			d.value(p.key(key), v, out.Field(i))
			return
		}
		if len(d.problems) >= maxProblems {
			return
		}
		meant, want := unknownKey(key, known)
		d.fail(p.key(key), k, want, "unknown key %.60q", key)
		if meant != "" {
			d.src.spoil(p.key(meant)) // do not call it missing as well
		}
	})
}

func (d *decoder) list(p place, n *yaml.Node, out reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.fail(p, n, "it is a list: begin each entry with a hyphen (-)", "%s is %s", p, kindOf(n))
		return
	}
	// An empty list written down differs from none: it is not nil.
	out.Set(reflect.MakeSlice(out.Type(), 0, 0))
	for i, item := range n.Content {
		if d.visited > maxNodes {
			return
		}
		v := reflect.New(out.Type().Elem()).Elem()
		d.value(p.index(i), item, v)
		out.Set(reflect.Append(out, v))
	}
}

func (d *decoder) mapping(p place, n *yaml.Node, out reflect.Value) {
	out.Set(reflect.MakeMap(out.Type()))
	d.pairs(p, n, func(key string, k, v *yaml.Node) {
		item := reflect.New(out.Type().Elem()).Elem()
		d.value(p.key(key), v, item)
		if !d.src.broken[p.key(key)] {
			out.SetMapIndex(reflect.ValueOf(key), item)
		}
	})
}

var durationType = reflect.TypeFor[time.Duration]()

func (d *decoder) scalar(p place, n *yaml.Node, out reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.fail(p, n, "write one value behind the colon", "%s is %s", p, kindOf(n))
		return
	}
	var what, want string
	switch kind := out.Kind(); {
	case out.Type() == durationType:
		var t time.Duration
		t, what, want = parseDuration(n.Value)
		out.SetInt(int64(t))
	case out.Type() == ageType:
		var a Age
		a, what, want = parseAge(n.Value)
		out.SetInt(int64(a))
	case out.Type() == sizeType:
		var b Size
		b, what, want = parseSize(n.Value)
		out.SetInt(int64(b))
	case kind == reflect.String:
		what, want = checkText(n, secretPlace(p))
		out.SetString(n.Value)
	case kind == reflect.Float64:
		var f float64
		f, what, want = parseNumber(n)
		out.SetFloat(f)
	case kind == reflect.Uint8 || kind == reflect.Uint16 || kind == reflect.Uint32:
		var u uint64
		u, what, want = parseWhole(n, out.Type().Bits(), wholeRange(p, out.Type().Bits()))
		out.SetUint(u)
	default:
		what = "cannot be configured" // a field of a new type; TestEveryFieldCanBeDecoded finds it
	}
	if what != "" {
		d.fail(p, n, want, "%s %s", p, what)
	}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

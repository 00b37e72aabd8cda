package epcis

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// node is an element of an event as EPCIS sees it, whether it was written as
// XML or as JSON: a name, a value, and elements below it. An element that is a
// user extension is named {namespace}local.
type node struct {
	name  string
	value string
	below []node
}

// extension reports whether the element is none of the standard's.
func (n node) extension() bool { return strings.HasPrefix(n.name, "{") }

// The namespaces whose prefixes are expanded in values (CBV 2.0, 8.9.2).
const (
	cbv = "https://ref.gs1.org/cbv/"
	voc = "https://gs1.org/voc/"
)

var prefixes = map[string]string{"gs1": voc, "cbv": cbv, "epcis": "https://ref.gs1.org/epcis/"}

// words says where the bare words of a field come from: JSON writes
// "in_transit", and the hash is of https://ref.gs1.org/cbv/Disp-in_transit.
var words = map[string]string{
	"bizStep": cbv + "BizStep-", "disposition": cbv + "Disp-", "set": cbv + "Disp-", "unset": cbv + "Disp-",
	"component": cbv + "Comp-", "exception": voc, "bizTransactionList/type": cbv + "BTT-",
	"sourceList/type": cbv + "SDT-", "destinationList/type": cbv + "SDT-", "sensorReport/type": voc,
}

// items is how XML calls the items of a list that JSON leaves unnamed. An item
// without a name repeats the name of the list.
var items = map[string]string{
	"epcList": "epc", "inputEPCList": "epc", "outputEPCList": "epc", "childEPCs": "epc",
	"quantityList": "quantityElement", "childQuantityList": "quantityElement",
	"inputQuantityList": "quantityElement", "outputQuantityList": "quantityElement",
	"sensorElementList": "sensorElement", "bizTransactionList": "", "sourceList": "", "destinationList": "",
}

// tree reads events that were decoded from JSON with UseNumber.
type tree struct {
	namespaces map[string]string // of the document's @context, by prefix
}

// namespacesOf gathers the prefixes that a document's @context declares.
func namespacesOf(context any) map[string]string {
	found := map[string]string{}
	switch c := context.(type) {
	case []any:
		for _, part := range c {
			for prefix, ns := range namespacesOf(part) {
				found[prefix] = ns
			}
		}
	case map[string]any:
		for prefix, ns := range c {
			if s, ok := ns.(string); ok {
				found[prefix] = s
			}
		}
	}
	return found
}

// name expands the prefix of a user extension.
func (t tree) name(key string) string {
	if prefix, local, ok := strings.Cut(key, ":"); ok {
		if ns, known := t.namespaces[prefix]; known {
			return "{" + ns + "}" + local
		}
		// An extension may be written as a whole URI.
		if i := strings.LastIndexAny(key, "/#:"); i > 0 {
			return "{" + key[:i+1] + "}" + key[i+1:]
		}
	}
	return key
}

// value expands what stands for a longer term.
func (t tree) value(parent, key, v string) string {
	if prefix, local, ok := strings.Cut(v, ":"); ok {
		if ns, known := prefixes[prefix]; known {
			return ns + local
		}
		return v
	}
	for _, at := range []string{parent + "/" + key, key} {
		if stem, ok := words[at]; ok {
			return stem + v
		}
	}
	return v
}

// children turns the members of a JSON object into elements.
func (t tree) children(parent string, object map[string]any) ([]node, error) {
	var out []node
	for key, v := range object {
		if key == "@context" {
			continue
		}
		below, err := t.element(parent, key, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out = append(out, below...)
	}
	// Go's maps have no order, and what is equal in the hash must not depend on one.
	slices.SortFunc(out, func(a, b node) int { return strings.Compare(a.name+a.value, b.name+b.value) })
	return out, nil
}

func (t tree) element(parent, key string, v any) ([]node, error) {
	item, isList := items[key]
	if !isList {
		return t.plain(parent, key, v)
	}
	members, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("is no list but %T", v)
	}
	list := node{name: key}
	for _, m := range members {
		if item == "" {
			item = key
		}
		below, err := t.plain(key, item, m)
		if err != nil {
			return nil, err
		}
		list.below = append(list.below, below...)
	}
	if len(list.below) == 0 {
		return nil, nil
	}
	return []node{list}, nil
}

// plain is a value, an object, or a field that is repeated.
func (t tree) plain(parent, key string, v any) ([]node, error) {
	name := t.name(key)
	switch v := v.(type) {
	case []any:
		var out []node
		for _, m := range v {
			below, err := t.plain(parent, key, m)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
		return out, nil
	case map[string]any:
		below, err := t.children(key, v)
		return []node{{name: name, below: below}}, err
	case string:
		return []node{{name: name, value: t.value(parent, key, v)}}, nil
	case json.Number:
		return []node{{name: name, value: v.String()}}, nil
	case bool:
		return []node{{name: name, value: strconv.FormatBool(v)}}, nil
	}
	return nil, fmt.Errorf("%T is nothing that an event holds", v)
}

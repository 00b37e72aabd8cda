package page

import (
	"bytes"
	"html"
)

// node writes itself as HTML. Nodes are made by el, text and all, which is why
// nothing from outside can reach the page unescaped: tags and attribute names
// are constants of this package, everything else goes through escape.
//
// html/template would do the same and more, but its use of reflection keeps
// every exported method of every type in the binary: 2.7 MB for this agent.
type node func(*bytes.Buffer)

// attrs are pairs of attribute name and value. The value of a name without a
// meaning to the page (class, id, data-*) may come from outside; there are no
// links, scripts or styles made from data.
type attrs []string

func class(name string) attrs { return attrs{"class", name} }

func (a attrs) with(name, value string) attrs { return append(a[:len(a):len(a)], name, value) }

// text is a piece of text.
func text(s string) node {
	return func(b *bytes.Buffer) { b.WriteString(html.EscapeString(s)) }
}

// all is several nodes in a row; nil ones are left out.
func all(kids ...node) node {
	return func(b *bytes.Buffer) {
		for _, k := range kids {
			if k != nil {
				k(b)
			}
		}
	}
}

// el is an element. Its end tag stands at the end of a line, so that a change
// of the page shows as a change of few lines.
func el(tag string, a attrs, kids ...node) node {
	return func(b *bytes.Buffer) {
		open(b, tag, a)
		all(kids...)(b)
		b.WriteString("</" + tag + ">")
		if tag != "span" && tag != "b" {
			b.WriteByte('\n')
		}
	}
}

// void is an element without an end tag.
func void(tag string, a attrs) node {
	return func(b *bytes.Buffer) {
		open(b, tag, a)
		b.WriteByte('\n')
	}
}

func open(b *bytes.Buffer, tag string, a attrs) {
	b.WriteString("<" + tag)
	for i := 0; i+1 < len(a); i += 2 {
		b.WriteString(" " + a[i] + `="` + html.EscapeString(a[i+1]) + `"`)
	}
	b.WriteByte('>')
}

// when leaves a node out unless the condition holds.
func when(condition bool, n node) node {
	if condition {
		return n
	}
	return nil
}

func each[T any](list []T, f func(T) node) node {
	kids := make([]node, len(list))
	for i, x := range list {
		kids[i] = f(x)
	}
	return all(kids...)
}

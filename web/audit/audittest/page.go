// Package audittest checks pages of the audit view, for the tests of those who serve
// them.
package audittest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Page is a page that was parsed.
type Page struct {
	root *html.Node
	text string
}

// Parse parses a page.
func Parse(body string) (*Page, error) {
	root, err := html.Parse(strings.NewReader(body))
	return &Page{root, body}, err
}

// All returns the elements for which match is true, in the order of the page.
func (p *Page) All(match func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			out = append(out, n)
		}
	}
	return out
}

// ID returns the element with an id, nil if there is none.
func (p *Page) ID(id string) *html.Node {
	for _, n := range p.All(func(n *html.Node) bool { return Attribute(n, "id") == id }) {
		return n
	}
	return nil
}

// Attribute returns an attribute of an element, "" if it has none.
func Attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Text returns the text of an element, with one space for each run of white space; "" for
// nil.
func Text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Problems returns what is wrong with a page, whatever it shows: what its policy would
// block, and what keeps people from using it.
func (p *Page) Problems() []string {
	var out []string
	report := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	ids, level := make(map[string]bool), 0
	var titles, mains int
	for _, n := range p.All(func(*html.Node) bool { return true }) {
		checkInline(n, report)
		if id := Attribute(n, "id"); has(n, "id") {
			if id == "" || ids[id] {
				report("the id %q is not unique", id)
			}
			ids[id] = true
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			next := int(n.Data[1] - '0')
			if next > level+1 || next == 1 && level != 0 {
				report("the heading %q is of level %d after %d", Text(n), next, level)
			}
			if Text(n) == "" {
				report("a heading of level %d is empty", next)
			}
			level = next
		}
		if n.DataAtom == atom.Title && n.Namespace == "" {
			titles++
		}
		if n.DataAtom == atom.Main {
			mains++
		}
		if has(n, "data-island") && !has(n, "id") && Attribute(n, "data-island") != "chart" {
			report("the island %q has no id", Attribute(n, "data-island"))
		}
	}
	if titles != 1 || mains != 1 || level == 0 {
		report("%d titles, %d main parts", titles, mains)
	}
	return append(out, p.unnamed(ids)...)
}

// checkInline reports what the policy forbids.
func checkInline(n *html.Node, report func(string, ...any)) {
	for _, a := range n.Attr {
		name, value := strings.ToLower(a.Key), strings.TrimSpace(strings.ToLower(a.Val))
		switch {
		case name == "style" || strings.HasPrefix(name, "on") || name == "srcdoc":
			report("<%s> has the attribute %s", n.Data, name)
		case (name == "href" || name == "src" || name == "action") && strings.HasPrefix(value, "javascript:"):
			report("<%s> has a script in %s", n.Data, name)
		case name == "src" && (strings.Contains(value, "//")):
			report("<%s> loads %s", n.Data, value)
		}
	}
	switch n.DataAtom {
	case atom.Style, atom.Iframe, atom.Object, atom.Embed, atom.Base:
		report("there is a <%s>", n.Data)
	case atom.Script:
		if !has(n, "src") || n.FirstChild != nil {
			report("there is an inline script")
		}
	}
}

// unnamed returns what people who do not see the page would not know of: fields without
// a label, pictures without a text, tables without headers.
func (p *Page) unnamed(ids map[string]bool) []string {
	var out []string
	labels := make(map[string]bool)
	for _, n := range p.All(func(n *html.Node) bool { return n.DataAtom == atom.Label }) {
		labels[Attribute(n, "for")] = true
		if !ids[Attribute(n, "for")] {
			out = append(out, fmt.Sprintf("a label is for %q, which is not there", Attribute(n, "for")))
		}
	}
	for _, n := range p.All(func(*html.Node) bool { return true }) {
		named := has(n, "aria-label") || has(n, "aria-labelledby")
		switch {
		case (n.DataAtom == atom.Input || n.DataAtom == atom.Textarea) && Attribute(n, "type") != "hidden" && !labels[Attribute(n, "id")] && !named:
			out = append(out, "a field has no label")
		case n.DataAtom == atom.Svg && Attribute(n, "aria-hidden") != "true" && !named:
			out = append(out, "a picture has no text")
		case (n.DataAtom == atom.Button || n.DataAtom == atom.A) && Text(n) == "" && !named:
			out = append(out, fmt.Sprintf("<%s> has no text", n.Data))
		case n.DataAtom == atom.Th && !has(n, "scope"):
			out = append(out, fmt.Sprintf("the header %q has no scope", Text(n)))
		}
		if id := Attribute(n, "aria-labelledby"); id != "" && !ids[id] {
			out = append(out, fmt.Sprintf("%q, which should label something, is not there", id))
		}
	}
	return out
}

// PolicyProblems returns what is wrong with the headers of a page.
func PolicyProblems(h http.Header) []string {
	var out []string
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			out = append(out, "the policy lacks "+want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		out = append(out, "the policy is "+policy)
	}
	if h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		out = append(out, fmt.Sprint("headers ", h))
	}
	return out
}

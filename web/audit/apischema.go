package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema is what is read of a schema in an OpenAPI document.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 oneOrMore
	Description          string
	Properties           map[string]*schema
	Required             []string
	Items                *schema
	AnyOf                []*schema
	Enum                 []any
	Const                any
	Format               string
	ContentEncoding      string
	AdditionalProperties *schema
}

// oneOrMore is a string, or a list of them.
type oneOrMore []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

// apiSchema is an object of the API as the page shows it.
type apiSchema struct {
	Name, Description string
	Members           []apiMember
}

// apiMember is a member of an object. Object is the name of the schema that it has, or
// that its items have, empty if there is none.
type apiMember struct {
	Name, Type, Object, Description string
	Optional                        bool
}

// schemasOf returns the objects of a document by name, with their members in the order
// in which they are required, and then the optional ones.
func schemasOf(schemas map[string]*schema) []apiSchema {
	var out []apiSchema
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name]
		if s == nil {
			continue
		}
		list := apiSchema{Name: name, Description: s.Description}
		for _, member := range s.members() {
			m := s.Properties[member]
			list.Members = append(list.Members, apiMember{
				Name: member, Type: m.kind(), Object: m.object(), Description: m.Description, Optional: !slices.Contains(s.Required, member),
			})
		}
		out = append(out, list)
	}
	return out
}

func (s *schema) members() []string {
	var out []string
	for _, name := range s.Required {
		if s.Properties[name] != nil {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if s.Properties[name] != nil && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// kind says in words what a schema takes.
func (s *schema) kind() string {
	switch {
	case s == nil:
		return "anything"
	case s.Ref != "":
		return refName(s.Ref)
	case s.AnyOf != nil:
		var kinds []string
		for _, one := range s.AnyOf {
			kinds = append(kinds, one.kind())
		}
		return strings.Join(kinds, " or ")
	case s.Const != nil:
		return "always " + fmt.Sprint(s.Const)
	case s.Enum != nil:
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		return "one of " + strings.Join(values, ", ")
	case s.Items != nil:
		return "array of " + s.Items.kind()
	case s.AdditionalProperties != nil:
		return "object of " + s.AdditionalProperties.kind()
	}
	kind := strings.Join(s.Type, " or ")
	if how := s.Format + s.ContentEncoding; how != "" {
		kind += ", " + how
	}
	return kind
}

// object returns the name of the schema that a schema refers to.
func (s *schema) object() string {
	if s == nil {
		return ""
	}
	if s.Ref != "" {
		return refName(s.Ref)
	}
	for _, one := range append([]*schema{s.Items}, s.AnyOf...) {
		if name := one.object(); name != "" {
			return name
		}
	}
	return ""
}

func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

package audit

import (
	"fmt"
	"testing"
)

// TestSchemas reads a document with everything that a schema can say here.
func TestSchemas(t *testing.T) {
	api, err := newAPI([]byte(`{"components": {"schemas": {
		"B": {"description": "Second.", "properties": {
			"z": {"type": "integer", "description": "Last."},
			"a": {"$ref": "#/components/schemas/A"},
			"b": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]},
			"c": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
			"d": {"type": ["string", "null"], "format": "date-time"},
			"e": {"type": "string", "contentEncoding": "base64"},
			"f": {"type": "object", "additionalProperties": {"type": "integer"}},
			"g": {"enum": ["x", 1]}, "h": {"const": false}, "i": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
			"none": null
		}, "required": ["z", "absent"]},
		"A": {"properties": {}}, "none": null
	}}}`), "/openapi.json")
	fatalIfErr(t, err)
	if len(api.Schemas) != 2 || api.Schemas[0].Name != "A" || len(api.Schemas[0].Members) != 0 || api.Schemas[1].Description != "Second." {
		t.Fatalf("%+v", api.Schemas)
	}
	want := []apiMember{
		{"z", "integer", "", "Last.", false},
		{"a", "A", "A", "", true},
		{"b", "A or null", "A", "", true},
		{"c", "array of A", "A", "", true},
		{"d", "string or null, date-time", "", "", true},
		{"e", "string, base64", "", "", true},
		{"f", "object of integer", "", "", true},
		{"g", "one of x, 1", "", "", true},
		{"h", "always false", "", "", true},
		{"i", "array of array of string", "", "", true},
	}
	got := api.Schemas[1].Members
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for _, wrong := range []string{`{`, `{"components": {"schemas": {"A": 1}}}`, `{"components": {"schemas": {"A": {"properties": {"x": {"type": 1}}}}}}`} {
		if _, err := newAPI([]byte(wrong), ""); err == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}

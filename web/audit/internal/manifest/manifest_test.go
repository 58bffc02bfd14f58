package manifest

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadRefuses(t *testing.T) {
	const start = `"start": "s.js", "files": {"s.js": {"size": 1}}`
	for _, test := range []struct{ name, manifest, want string }{
		{"no JSON", `{`, "unexpected end"},
		{"another version", `{"schema_version": 2, ` + start + `}`, "version 2, not 1"},
		{"no start", `{"schema_version": 1}`, "no start module"},
		{"a start that is no script", `{"schema_version": 1, "start": "t.txt", "files": {"t.txt": {}}}`, "no start module"},
		{"a file that is not there", `{"schema_version": 1, "files": {"x.js": {}}}`, "x.js"},
		{"a file of another size", `{"schema_version": 1, "files": {"s.js": {"size": 2}}}`, "1 bytes, not 2"},
		{"a page that needs another file", `{"schema_version": 1, "preload": {"log": ["x.js"]}, ` + start + `}`, "page log needs x.js"},
	} {
		files := fstest.MapFS{
			Name:    {Data: []byte(test.manifest)},
			"s.js":  {Data: []byte("s")},
			"t.txt": {},
		}
		if _, err := Read(files); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := Read(fstest.MapFS{}); err == nil {
		t.Error("no manifest: no error")
	}
}

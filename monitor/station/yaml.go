package station

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// decodeYAML decodes a configuration. The parser panics at some of what is not one, such
// as a tag where a list belongs: that is an error like any other.
func decodeYAML(data []byte, c *Config) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("this is not a configuration, though it may be YAML: look for tags, which begin with an exclamation mark")
		}
	}()
	if err := yaml.UnmarshalWithOptions(data, c, yaml.DisallowUnknownField()); err != nil {
		return explainYAML(err)
	}
	return nil
}

// explainYAML returns the error of a parser of YAML in one line that names the line of
// the file, without the types of this program.
func explainYAML(err error) error {
	var mismatch *yaml.TypeError
	if errors.As(err, &mismatch) {
		return fmt.Errorf("line %d: %s is expected here", mismatch.Token.Position.Line, wanted(mismatch.DstType))
	}
	text := strings.TrimSpace(yaml.FormatError(err, false, false))
	if value, ok := strings.CutPrefix(text, "time: "); ok {
		// The parser does not say where.
		return fmt.Errorf("%s: a time is such as 90s, 10m or 24h", value)
	}
	return errors.New(position.ReplaceAllString(text, "line $1: "))
}

var position = regexp.MustCompile(`^\[(\d+):\d+\] `)

// wanted says what a setting of a type takes.
func wanted(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "a time such as 90s, 10m or 24h"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	}
	return "a group of settings"
}

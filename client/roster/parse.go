package roster

import (
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by the errors of Parse.
var ErrMalformed = errors.New("roster: malformed roster")

// Parse reads a roster. It is strict: docs/roster.md has the schema, and what
// is not in it is refused. Errors name the member that they are about.
func Parse(data []byte) (*Roster, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(data), MaxSize)
	}
	return parse(data)
}

func parse(data []byte) (*Roster, error) { return nil, ErrMalformed }

package monitor

import (
	"context"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// FetchConfiguration returns the encoded Configuration that the directory at a base
// URL says it has: whoever uses it takes that on faith, or compares it with what the
// operator says elsewhere. The error is an *Error, of kind Undecided if there is none
// to be had.
func FetchConfiguration(ctx context.Context, base string, cfg HTTPConfig) ([]byte, error) {
	source, err := NewHTTPSource(base, cfg)
	if err != nil {
		return nil, err
	}
	data, err := readAll(ctx, source, "v1/configuration", maxConfiguration)
	if err == nil {
		if _, parseErr := keytrans.ParseConfiguration(data); parseErr != nil {
			err = fmt.Errorf("%w: %w", errContent, parseErr)
		}
	}
	return data, classify("reading the configuration", err)
}

package watch

import (
	"encoding/json"

	"github.com/ghostlight-kt/ghostlight/internal/durable"
)

// idOf hashes strings so that different lists have different hashes.
func idOf(parts ...string) string {
	return durable.Hash([]byte(subject(parts...)))[:32]
}

// subject tells findings about different things apart.
func subject(parts ...string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic("watch: strings have no encoding: " + err.Error())
	}
	return string(data)
}

package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestUnknownRequest: what removes or erases is not done if the request says more
// than is understood.
func TestUnknownRequest(t *testing.T) {
	for command, request := range map[string]string{
		commandErase: `{"label":"YQ==","before":7}`,
		commandPrune: `{"keep_ns":0,"public_log":true,"until":7}`,
	} {
		_, err := operations(nil)[command](t.Context(), json.RawMessage(request), nil)
		if err == nil || !strings.Contains(err.Error(), "unknown field") {
			t.Errorf("%s: %v", command, err)
		}
	}
}

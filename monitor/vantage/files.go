package vantage

import (
	"encoding/json"
	"strings"
)

// subject tells findings about different things apart.
func subject(parts ...string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic("vantage: strings have no encoding: " + err.Error())
	}
	return string(data)
}

// bounded cuts a text off after maxText bytes: it can quote what a server sent.
func bounded(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "�")
}

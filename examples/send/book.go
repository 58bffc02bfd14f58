package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// readBook reads an address book: lines of a label and an age recipient, of which a
// label can have several. It is what the app believes, and is not trusted.
func readBook(path string) ([]client.Recipient, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []client.Recipient
	places := make(map[string]int)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s:%d: not a label and an age recipient", path, n)
		}
		name, err := label.Normalize(fields[0])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: the label: %w", path, n, err)
		}
		if _, err := parseRecipient(fields[1]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		i, there := places[name]
		if !there {
			i = len(out)
			places[name] = i
			out = append(out, client.Recipient{Label: name})
		}
		out[i].Keys = append(out[i].Keys, roster.Device{Format: keyset.FormatAge, Data: []byte(fields[1])})
	}
	if len(out) == 0 && lines.Err() == nil {
		return nil, fmt.Errorf("%s: nobody is in it", path)
	}
	return out, lines.Err()
}

// parseRecipient parses one age recipient, of any kind that age itself knows.
func parseRecipient(text string) (age.Recipient, error) {
	list, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(list) != 1 {
		return nil, errors.New("not an age recipient") // age would quote it
	}
	return list[0], nil
}

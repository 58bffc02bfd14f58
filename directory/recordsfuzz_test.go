package directory

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// FuzzRecords checks that what is read as one of the store's records is written
// as the same bytes, and that what is not wraps ErrCorrupt.
func FuzzRecords(f *testing.F) {
	recoders := []func([]byte) ([]byte, error){
		func(b []byte) ([]byte, error) { return recode(parseHeadRecord, b) },
		func(b []byte) ([]byte, error) { return recode(parseLabelRecord, b) },
		func(b []byte) ([]byte, error) { return recode(ofMode(keytrans.ContactMonitoring), b) },
		func(b []byte) ([]byte, error) { return recode(ofMode(keytrans.ThirdPartyManagement), b) },
	}
	head := &headRecord{counts{labels: 2, versions: 3}, []byte("signature")}
	label := &labelRecord{Identity{1, 2, 3}, 7, nil}
	governed := &labelRecord{Identity{1, 2, 3}, 7, &policyRecord{6, []byte("state")}}
	version := &versionRecord{position: 9, value: []byte("value")}
	erased := &versionRecord{position: 9, erased: true}
	for i, b := range [][]byte{head.marshal(), label.marshal(), version.marshal()} {
		f.Add(uint8(i), b)
	}
	f.Add(uint8(1), governed.marshal())
	f.Add(uint8(2), erased.marshal())
	managed := &versionRecord{position: 9, commitment: merkle.Hash{1}, signed: true, value: []byte("value"), signature: []byte("signature")}
	f.Add(uint8(3), managed.marshal())
	f.Add(uint8(3), erased.marshal())
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		again, err := recoders[int(which)%len(recoders)](data)
		switch {
		case err != nil && !errors.Is(err, ErrCorrupt):
			t.Errorf("record %d: %v", which, err)
		case err == nil && !bytes.Equal(again, data):
			t.Errorf("record %d: %x became %x", which, data, again)
		}
	})
}

// ofMode returns what parses version records in a deployment mode.
func ofMode(mode keytrans.DeploymentMode) func([]byte) (*versionRecord, error) {
	return func(b []byte) (*versionRecord, error) { return parseVersionRecord(b, mode) }
}

func recode[R interface{ marshal() []byte }](parse func([]byte) (R, error), data []byte) ([]byte, error) {
	r, err := parse(data)
	if err != nil {
		return nil, err
	}
	return r.marshal(), nil
}

// FuzzTokens checks that a file of tokens is refused or has a hash for each line
// that is neither empty nor a comment.
func FuzzTokens(f *testing.F) {
	line, err := TokenLine(NewToken(), "registration")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("# tokens\n\n" + line))
	f.Add([]byte(line + line + "another line"))
	f.Fuzz(func(t *testing.T, data []byte) {
		hashes, err := parseTokens(data)
		if err != nil {
			return
		}
		lines := 0
		for _, l := range bytes.Split(data, []byte("\n")) {
			if l = bytes.TrimSpace(l); len(l) > 0 && l[0] != '#' {
				lines++
			}
		}
		if len(hashes) != lines {
			t.Errorf("%d hashes in %d lines", len(hashes), lines)
		}
	})
}

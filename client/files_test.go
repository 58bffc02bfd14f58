package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

const filesVectors = "testdata/files.json"

var writeFiles = flag.Bool("write-files", false, "write testdata/files.json")

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fileCase is a file that people exchange, and what it is.
type fileCase struct {
	Name string `json:"name"`
	File string `json:"file"`
	// Kind is heads, credential or credential-update. Refused tells that it calls
	// itself one, and is none.
	Kind    string     `json:"kind"`
	Refused bool       `json:"refused,omitempty"`
	Heads   []headJSON `json:"heads,omitempty"`
}

// TestFiles holds testdata/files.json, which other implementations are tested with,
// against the code: it makes the file anew, and reads what is in it.
func TestFiles(t *testing.T) {
	cases := append(headsCases(t), credentialCases(t)...)
	for i := range cases {
		cases[i].read(t)
	}
	want, err := json.MarshalIndent(cases, "", " ")
	noError(t, err)
	want = append(want, '\n')
	if *writeFiles {
		noError(t, os.WriteFile(filesVectors, want, 0o644))
	}
	got, err := os.ReadFile(filesVectors)
	noError(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the file is out of date: run 'go test ./client -run TestFiles -write-files'")
	}
}

// read sets what this package makes of the file.
func (c *fileCase) read(t *testing.T) {
	t.Helper()
	wantRefused := strings.Contains(c.Name, "refused: ")
	c.Refused = true
	if c.Kind == "heads" {
		if x, err := decodeHeads([]byte(c.File), []byte("configuration")); err == nil {
			c.Refused, c.Heads = false, x.Heads
		}
	} else if j, err := decodeCredentialFile([]byte(c.File)); err == nil {
		c.Refused = j.isUpdate() != (c.Kind == "credential-update")
	}
	if c.Refused != wantRefused {
		t.Errorf("%s: refused is %t", c.Name, c.Refused)
	}
}

func headsCases(t *testing.T) (out []fileCase) {
	add := func(name, file string) { out = append(out, fileCase{Name: name, File: file, Kind: "heads"}) }
	list := func(positions ...uint64) *headsFile {
		x := &headsFile{Directory: "https://keys.example.org", ConfigurationSHA256: hashHex([]byte("configuration"))}
		for _, p := range positions {
			root := merkle.Hash(sha256.Sum256(fmt.Append(nil, "root at ", p)))
			x.heads = append(x.heads, DistinguishedHead{Position: p, root: root})
		}
		return x
	}
	text := func(x *headsFile) string {
		s, err := x.text([]byte("configuration"))
		noError(t, err)
		return s
	}
	file := func(x *headsFile) string {
		b, err := x.encode()
		noError(t, err)
		return string(b)
	}
	for _, positions := range [][]uint64{{0}, {1}, {3, 7}, {127, 128, 255, 16383, 16384}, {1<<53 - 1}, {5, 90, 1 << 20, 1 << 40, 1 << 50}} {
		add(fmt.Sprintf("a text: heads at %d", positions), text(list(positions...)))
		add(fmt.Sprintf("a file: heads at %d", positions), file(list(positions...)))
	}
	signed := list(3, 7)
	signed.Request, signed.Response = []byte("request"), []byte("response")
	add("a file with an exchange", file(signed))
	good := text(list(3, 7))
	add("a text in small letters", strings.ToLower(good))
	add("a text on several lines", " \n"+good[:20]+"\n\t"+good[20:50]+"\r\n"+good[50:]+"\n")
	add("refused: a text cut off", good[:len(good)-8])
	add("refused: a text of the prefix only", headsPrefix)
	add("refused: a text with a letter changed", changeLetter(good, 40))
	add("refused: a text with another tag", changeLetter(good, len(headsPrefix)+3))
	add("refused: a text with a digit that is none", good[:40]+"1"+good[41:])
	add("refused: a text with padding", good+"=")
	add("refused: a text with a letter more", good+"A")
	add("refused: a text, descending", text(list(7, 3, 9)))
	add("refused: a text, the same twice", text(list(7, 7)))
	add("refused: a text of nothing", text(list()))
	add("refused: a file, descending", file(list(7, 3)))
	add("refused: a file of nothing", file(list()))
	signed.Heads, signed.Response = nil, nil
	add("refused: a file with a request only", file(signed))
	one := file(list(3, 7))
	add("refused: a file of another version", strings.Replace(one, `"version": 1`, `"version": 2`, 1))
	add("refused: a file with another field", strings.Replace(one, `"version"`, `"more": 1, "version"`, 1))
	add("refused: a file with a tag", strings.Replace(one, `"version"`, `"tag": "AA==", "version"`, 1))
	add("refused: a file with a negative position", strings.Replace(one, `"position": 3`, `"position": -3`, 1))
	add("refused: a file with a root cut off", strings.Replace(one, `"root": "`, `"root": "00`, 1))
	return out
}

func changeLetter(s string, i int) string {
	letter := "A"
	if s[i] == 'A' {
		letter = "B"
	}
	return s[:i] + letter + s[i+1:]
}

func credentialCases(t *testing.T) (out []fileCase) {
	good := credentialJSON{Format: credentialFormat, Version: credentialVersion, Directory: "https://keys.example.org", ConfigurationSHA256: hashHex([]byte("configuration")), Credential: []byte("credential")}
	update := good
	update.Format, update.Credential, update.Update, update.CredentialSHA256 = credentialUpdateFormat, nil, []byte("update"), hashHex([]byte("credential"))
	add := func(name, kind string, j credentialJSON, change func(j *credentialJSON)) {
		change(&j)
		b, err := json.MarshalIndent(j, "", "  ")
		noError(t, err)
		out = append(out, fileCase{Name: name, File: string(b) + "\n", Kind: kind})
	}
	const of, up = "credential", "credential-update"
	add("a credential", of, good, func(*credentialJSON) {})
	add("an update", up, update, func(*credentialJSON) {})
	add("refused: another version", of, good, func(j *credentialJSON) { j.Version = 2 })
	add("refused: a credential without one", of, good, func(j *credentialJSON) { j.Credential = nil })
	add("refused: a credential with an update", of, good, func(j *credentialJSON) { j.Update = []byte("update") })
	add("refused: a credential with the hash of one", of, good, func(j *credentialJSON) { j.CredentialSHA256 = "00" })
	add("refused: an update without one", up, update, func(j *credentialJSON) { j.Update = nil })
	add("refused: an update with a credential", up, update, func(j *credentialJSON) { j.Credential = []byte("credential") })
	add("refused: an update of nothing", up, update, func(j *credentialJSON) { j.CredentialSHA256 = "" })
	text := out[0].File
	more := fileCase{Name: "refused: another field", File: strings.Replace(text, `"version"`, `"more": 1, "version"`, 1), Kind: of}
	digit := fileCase{Name: "refused: not in base64", File: strings.Replace(text, `"credential": "`, `"credential": "!`, 1), Kind: of}
	return append(out, more, digit)
}

package mls_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

func TestParseRecognises(t *testing.T) {
	for _, suite := range mls.Suites() {
		// Suites 4 and 5 have the numbers of the wire formats of a GroupInfo and
		// a KeyPackage.
		id := mlstest.New(t, 1, "a@example.org")
		tree := mlstest.Tree(id.Leaf())
		info := id.GroupInfo(t, tree, 0, func(g *mls.GroupInfo) { g.Context.CipherSuite = suite })
		pack := mlstest.EncodeKeyPackage(id.KeyPackage(func(k *mls.KeyPackage) { k.CipherSuite = suite }))
		for _, tt := range []struct {
			want string
			data []byte
		}{
			{"GroupInfo", info}, {"GroupInfo", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(4), info)},
			{"KeyPackage", pack}, {"KeyPackage", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(5), pack)},
			{"tree", tree},
		} {
			for _, form := range []string{
				string(tt.data), hex.EncodeToString(tt.data), strings.ToUpper(hex.EncodeToString(tt.data)) + "\n",
				base64.StdEncoding.EncodeToString(tt.data) + "\r\n", base64.RawStdEncoding.EncodeToString(tt.data),
				base64.URLEncoding.EncodeToString(tt.data), " " + base64.RawURLEncoding.EncodeToString(tt.data),
			} {
				m, err := mls.Parse([]byte(form))
				fatalIfErr(t, err)
				if got := kind(m); got != tt.want {
					t.Errorf("%v: %s is a %s", suite, tt.want, got)
				}
			}
		}
	}
}

func kind(m *mls.Message) string {
	switch {
	case m.GroupInfo != nil:
		return "GroupInfo"
	case m.KeyPackage != nil:
		return "KeyPackage"
	}
	return "tree"
}

func TestParseRefuses(t *testing.T) {
	id := mlstest.New(t, 1, "a@example.org")
	info := id.GroupInfo(t, mlstest.Tree(id.Leaf()), 0)
	brokenTree := id.GroupInfo(t, mlstest.Tree(id.Leaf()), 0, func(g *mls.GroupInfo) { g.Extensions[1].Data = mlstest.Vector([]byte{0}) })
	for _, tt := range []struct {
		name string
		data []byte
		err  error
		want string
	}{
		{"nothing", nil, mls.ErrMalformed, "empty"},
		{"white space", []byte(" \r\n\t"), mls.ErrMalformed, "empty"},
		{"text", []byte("alice@example.org"), mls.ErrText, "neither hexadecimal nor base64"},
		{"JSON", []byte(`{"schema":"x"}`), mls.ErrText, "neither hexadecimal nor base64"},
		{"base64 with bits left over", []byte("AAEAAQB"), mls.ErrMalformed, ""},
		{"another version", mlstest.Cat(mlstest.Uint16(2), info[2:]), mls.ErrVersion, "2, not mls10"},
		{"version 0", mlstest.Cat(mlstest.Uint16(0), info[2:]), mls.ErrVersion, "0, not mls10"},
		{"an MLSMessage with another version within", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(4), mlstest.Uint16(2), info[2:]), mls.ErrMalformed, "as a GroupInfo"},
		{"a welcome", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(3), mlstest.Uint16(1), mlstest.Vector([]byte("secrets")), mlstest.Vector([]byte("encrypted"))), mls.ErrMalformed, "mls: malformed: it is a Welcome, whose GroupInfo is encrypted: export one from a member's client"},
		{"a GroupInfo of suite 3, alone, that is cut short", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(3), info[4:40]), mls.ErrMalformed, "as a GroupInfo: "},
		{"a private message", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(2), mlstest.Vector([]byte("group")), mlstest.Uint64(1), []byte{1}), mls.ErrMalformed, "mls_private_message"},
		{"a GroupInfo with something after it", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(4), info, []byte{0}), mls.ErrMalformed, "1 bytes after the end"},
		{"a GroupInfo with a tree that is none", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(4), brokenTree), mls.ErrMalformed, "does not end in a node"},
		{"a GroupInfo that is cut short", mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(4), info[:40]), mls.ErrMalformed, "tree_hash is cut short"},
		{"too much", make([]byte, 2*mls.MaxSize+1), mls.ErrLimit, ""},
	} {
		m, err := mls.Parse(tt.data)
		if m != nil || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What was parsed does not change with the caller's bytes.
func TestParseCopies(t *testing.T) {
	id := mlstest.New(t, 1, "a@example.org")
	data := id.GroupInfo(t, mlstest.Tree(id.Leaf()), 0)
	m, err := mls.Parse(data)
	fatalIfErr(t, err)
	clear(data)
	fatalIfErr(t, m.GroupInfo.Verify())
}

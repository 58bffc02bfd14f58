package mls

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestParseRecognises(t *testing.T) {
	for suite := range suites {
		// Suites 4 and 5 have the numbers of the wire formats of a GroupInfo and
		// a KeyPackage.
		id := newIdentity(t, 1, "a@example.org")
		tree := treeOf(t, id.leaf())
		info := groupInfo(t, tree, id, 0, func(g *GroupInfo) { g.Context.CipherSuite = suite })
		pack := encodeKeyPackage(id.keyPackage(func(k *KeyPackage) { k.CipherSuite = suite }))
		for _, tt := range []struct {
			want string
			data []byte
		}{
			{"GroupInfo", info}, {"GroupInfo", cat(u16(1), u16(4), info)},
			{"KeyPackage", pack}, {"KeyPackage", cat(u16(1), u16(5), pack)},
			{"tree", encodeTree(tree)},
		} {
			for _, form := range []string{
				string(tt.data), hex.EncodeToString(tt.data), strings.ToUpper(hex.EncodeToString(tt.data)) + "\n",
				base64.StdEncoding.EncodeToString(tt.data) + "\r\n", base64.RawStdEncoding.EncodeToString(tt.data),
				base64.URLEncoding.EncodeToString(tt.data), " " + base64.RawURLEncoding.EncodeToString(tt.data),
			} {
				m, err := Parse([]byte(form))
				fatalIfErr(t, err)
				if got := kind(m); got != tt.want {
					t.Errorf("%v: %s is a %s", suite, tt.want, got)
				}
			}
		}
	}
}

func kind(m *Message) string {
	switch {
	case m.GroupInfo != nil:
		return "GroupInfo"
	case m.KeyPackage != nil:
		return "KeyPackage"
	}
	return "tree"
}

func TestParseRefuses(t *testing.T) {
	id := newIdentity(t, 1, "a@example.org")
	info := groupInfo(t, treeOf(t, id.leaf()), id, 0)
	brokenTree := groupInfo(t, treeOf(t, id.leaf()), id, 0, func(g *GroupInfo) { g.Extensions[1].Data = vec([]byte{0}) })
	for _, tt := range []struct {
		name string
		data []byte
		err  error
		want string
	}{
		{"nothing", nil, errMalformed, "empty"},
		{"white space", []byte(" \r\n\t"), errMalformed, "empty"},
		{"text", []byte("alice@example.org"), errText, "neither hexadecimal nor base64"},
		{"JSON", []byte(`{"schema":"x"}`), errText, "neither hexadecimal nor base64"},
		{"base64 with bits left over", []byte("AAEAAQB"), errMalformed, ""},
		{"another version", cat(u16(2), info[2:]), errVersion, "2, not mls10"},
		{"version 0", cat(u16(0), info[2:]), errVersion, "0, not mls10"},
		{"an MLSMessage with another version within", cat(u16(1), u16(4), u16(2), info[2:]), errMalformed, "as a GroupInfo"},
		{"a welcome", cat(u16(1), u16(3), u16(1), vec([]byte("secrets")), vec([]byte("encrypted"))), errMalformed, "mls_welcome, whose GroupInfo is encrypted"},
		{"a private message", cat(u16(1), u16(2), vec([]byte("group")), u64(1), []byte{1}), errMalformed, "mls_private_message"},
		{"a GroupInfo with something after it", cat(u16(1), u16(4), info, []byte{0}), errMalformed, "1 bytes after the end"},
		{"a GroupInfo with a tree that is none", cat(u16(1), u16(4), brokenTree), errMalformed, "does not end in a node"},
		{"a GroupInfo that is cut short", cat(u16(1), u16(4), info[:40]), errMalformed, "tree_hash is cut short"},
		{"too much", make([]byte, 2*MaxSize+1), errLimit, ""},
	} {
		m, err := Parse(tt.data)
		if m != nil || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What was parsed does not change with the caller's bytes.
func TestParseCopies(t *testing.T) {
	id := newIdentity(t, 1, "a@example.org")
	data := groupInfo(t, treeOf(t, id.leaf()), id, 0)
	m, err := Parse(data)
	fatalIfErr(t, err)
	clear(data)
	fatalIfErr(t, m.GroupInfo.Verify())
}

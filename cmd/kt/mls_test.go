package main

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

// mlsFiles writes the files of a group of alice and bob.
func mlsFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	alice, bob := mlstest.New(t, 1, "alice@example.org"), mlstest.New(t, 1, "bob@example.org")
	tree := mlstest.Tree(alice.Leaf(), bob.Leaf())
	forged := bob.Leaf()
	forged.Credential.Identity = []byte("carol@example.org")
	nobody := bob.Leaf(func(l *mls.LeafNode) { l.Credential = mls.Credential{Type: 0xf000} })
	for name, data := range map[string][]byte{
		"group":      alice.GroupInfo(t, tree, 0),
		"bare":       alice.GroupInfo(t, tree, 0, func(g *mls.GroupInfo) { g.Extensions = nil }),
		"tree":       tree,
		"other":      mlstest.Tree(alice.Leaf(), bob.Leaf(), forged),
		"forged":     alice.GroupInfo(t, mlstest.Tree(alice.Leaf(), forged), 0),
		"nobody":     alice.GroupInfo(t, mlstest.Tree(alice.Leaf(), nobody), 0),
		"suite":      alice.GroupInfo(t, tree, 0, func(g *mls.GroupInfo) { g.Context.CipherSuite = 0xf00d }),
		"keypackage": mlstest.EncodeKeyPackage(alice.KeyPackage()),
		"hex":        []byte(hex.EncodeToString(alice.GroupInfo(t, tree, 0)) + "\n"),
		"base64":     []byte(base64.StdEncoding.EncodeToString(tree)),
		"text":       []byte("alice@example.org\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMLSRoster(t *testing.T) {
	t.Chdir(mlsFiles(t))
	for _, tt := range []struct {
		file  string
		flags string
		kind  client.Kind
		want  string // in the error
	}{
		{"group", "--me=Alice@example.org", 0, ""},
		{"hex", "", 0, ""},
		{"bare", "--mls-tree=tree", 0, ""},
		{"bare", "--mls-tree=base64", 0, ""},
		{"tree", "--mls-cipher-suite=1 --mls-group-id=67726f7570", 0, ""},
		{"bare", "", client.Usage, "has no ratchet tree"},
		{"bare", "--mls-tree=other", client.Attention, "tree_hash is another"},
		{"bare", "--mls-tree=group", client.Usage, "is not a ratchet tree"},
		{"bare", "--mls-tree=missing", client.Operational, "no such file"},
		{"group", "--mls-cipher-suite=1", client.Usage, "itself"},
		{"tree", "", client.Usage, "does not say its cipher suite"},
		{"tree", "--mls-cipher-suite=1", client.Usage, "--mls-group-id"},
		{"tree", "--mls-cipher-suite=1 --mls-group-id=xyz", client.Usage, "not hexadecimal"},
		{"tree", "--mls-cipher-suite=1 --mls-group-id=67726f7570 --mls-tree=tree", client.Usage, "for a GroupInfo"},
		{"tree", "--mls-cipher-suite=2 --mls-group-id=67726f7570", client.Attention, "does not verify"},
		{"tree", "--mls-cipher-suite=0xf00d --mls-group-id=67726f7570", client.Undecided, "unknown cipher suite"},
		{"suite", "", client.Undecided, "unknown cipher suite: 0xF00D"},
		{"forged", "", client.Attention, "leaf 1: mls: does not verify"},
		{"nobody", "", client.Attention, "leaf 1: a credential of type 61440"},
		{"keypackage", "", client.Usage, "KeyPackage"},
		{"text", "", client.Usage, "neither hexadecimal nor base64"},
		{"group", "--me=\xff", client.Usage, "malformed label"},
	} {
		r, err := new(app).mlsRoster(tt.file, parseMLSFlags(t, strings.Fields(tt.flags)...))
		if tt.want == "" {
			if err != nil {
				t.Fatalf("%s: %v", tt.file, err)
			}
			if len(r.Members) != 2 || r.Members[1].Label != "bob@example.org" || r.Conversation != "67726f7570" || r.Members[0].FirstSeen.IsZero() {
				t.Errorf("%s: got %+v", tt.file, r)
			}
			continue
		}
		if r != nil || client.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %+v: kind %v, %v", tt.file, tt.flags, client.KindOf(err), err)
		}
	}
}

// parseMLSFlags parses flags as kt roster does.
func parseMLSFlags(t *testing.T, args ...string) mlsFlags {
	t.Helper()
	var f mlsFlags
	cmd := &cobra.Command{}
	f.add(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMLSMe(t *testing.T) {
	t.Chdir(mlsFiles(t))
	r, err := new(app).mlsRoster("group", parseMLSFlags(t, "--mls", "--me", "Alice@Example.org"))
	if err != nil || r.Me != "alice@example.org" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestMLSFlagsGoWithMLS(t *testing.T) {
	for _, flag := range []string{"--mls-tree=x", "--mls-group-id=00", "--mls-cipher-suite=1", "--me=a@example.org"} {
		without, with := parseMLSFlags(t, flag), parseMLSFlags(t, "--mls", "--me=a@example.org", flag)
		if err := without.check(); client.KindOf(err) != client.Usage {
			t.Errorf("%s: %v", flag, err)
		}
		if err := with.check(); err != nil {
			t.Errorf("%s with --mls: %v", flag, err)
		}
	}
	nobody := parseMLSFlags(t, "--mls")
	if err := nobody.check(); client.KindOf(err) != client.Usage || !strings.Contains(err.Error(), "--me LABEL") {
		t.Errorf("--mls alone: %v", err)
	}
}

// A group whose leaves the directory knows, and the same with one leaf more.
func TestRosterOfMLSGroup(t *testing.T) {
	x := newTerminal(t)
	clients := map[string]*mlstest.Client{}
	for _, who := range []string{alice, bob} {
		c := mlstest.New(t, 2, who)
		clients[who] = c
		key := keyset.Key{Format: keyset.FormatMLSSignature, Data: mlstest.Cat(mlstest.Uint16(2), c.Public), Name: "phone"}
		x.dir.Insert(clienttest.Update{Label: who, Values: [][]byte{keySet(t, key)}})
	}
	x.dir.Tick(60, time.Hour)
	signer := clients[alice]
	leaves := []*mls.LeafNode{signer.Leaf(), clients[bob].LeafIn(mls.SourceUpdate, []byte(mlstest.GroupID), 1)}
	x.stdin = string(signer.GroupInfo(t, mlstest.Tree(leaves...), 0))
	stdout, _ := x.kt(exitOK, "roster", "--mls", "-", "--me", alice)
	x.contains(stdout, "conversation 67726f7570: 2 members\nverified, ")
	// Somebody's own key, in bob's name.
	leaves = append(leaves, mlstest.New(t, 2, bob).Leaf(func(l *mls.LeafNode) { l.EncryptionKey = []byte("another") }))
	x.stdin = hex.EncodeToString(signer.GroupInfo(t, mlstest.Tree(leaves...), 0))
	stdout, _ = x.kt(exitAttention, "roster", "--mls", "-", "--me", alice)
	x.contains(stdout, "1 error, 0 warnings", "\nERROR ghost-device: bob@example.org\n", "leaf 2")
	// The server shows a tree with a leaf more beside what alice signed.
	x.stdin = string(signer.GroupInfo(t, mlstest.Tree(leaves[:2]...), 0, func(g *mls.GroupInfo) { g.Extensions[1].Data = mlstest.Tree(leaves...) }))
	_, stderr := x.kt(exitAttention, "roster", "--mls", "-", "--me", alice)
	x.contains(stderr, "tree_hash is another", "export it from your own client")
}

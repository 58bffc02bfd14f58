package tsmls

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mlsroster"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// node runs groups.mjs, which is installed once with what it imports.
func node(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	dir, err := install()
	fatalIfErr(t, err)
	return run(t, dir, stdin, "node", append([]string{"groups.mjs"}, args...)...)
}

func run(t *testing.T, dir string, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &errs)
	}
	return out
}

var installed string

var install = sync.OnceValues(func() (string, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("the check against ts-mls needs Node.js, 18 or later, and npm: %w", err)
		}
	}
	for _, file := range []string{"package.json", "package-lock.json", "groups.mjs", ".npmrc"} {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(installed, file), data, 0o600); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci")
	npm.Dir = installed
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return installed, nil
})

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "tsmls-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		installed = dir
		return m.Run()
	}())
}

// hexBytes is a byte string in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	b, err := hex.DecodeString(s)
	*h = b
	return err
}

// group is what ts-mls knows of a group in an epoch.
type group struct {
	What      string
	Suite     mls.CipherSuite
	SuiteName string   `json:"suite_name"`
	GroupInfo hexBytes `json:"group_info"`
	Tree      hexBytes
	LeafCount int      `json:"leaf_count"`
	GroupID   hexBytes `json:"group_id"`
	Epoch     uint64
	TreeHash  hexBytes `json:"tree_hash"`
	Signer    uint32
	Leaves    []leaf
}

type leaf struct {
	Index         uint32
	Type          string
	Identities    []hexBytes
	SignatureKey  hexBytes `json:"signature_key"`
	EncryptionKey hexBytes `json:"encryption_key"`
	Source        string
}

type keyPackage struct {
	KeyPackage   hexBytes `json:"key_package"`
	Ref          hexBytes
	SignatureKey hexBytes `json:"signature_key"`
	InitKey      hexBytes `json:"init_key"`
}

type suiteGroups struct {
	Suite       mls.CipherSuite
	Epochs      []group
	KeyPackages []keyPackage `json:"key_packages"`
}

func makeGroups(t *testing.T, suites ...string) []suiteGroups {
	t.Helper()
	var made []suiteGroups
	fatalIfErr(t, json.Unmarshal(node(t, nil, append([]string{"make"}, suites...)...), &made))
	if len(made) != len(suites) {
		t.Fatalf("groups of %d suites, want %d", len(made), len(suites))
	}
	return made
}

var sources = map[string]mls.LeafNodeSource{
	"key_package": mls.SourceKeyPackage, "update": mls.SourceUpdate, "commit": mls.SourceCommit,
}

var credentialTypes = map[string]mls.CredentialType{"basic": mls.CredentialBasic, "x509": mls.CredentialX509}

// Groups of every cipher suite of RFC 9420, through additions, a removal, an
// update and commits: what ts-mls says of each epoch is what is read here.
func TestGroupsAgree(t *testing.T) {
	seen := map[mls.LeafNodeSource]bool{}
	for _, made := range makeGroups(t, "1", "2", "3", "4", "5", "6", "7") {
		for _, g := range made.Epochs {
			t.Run(fmt.Sprintf("%d %s", g.Suite, g.What), func(t *testing.T) {
				info := readGroup(t, g)
				fatalIfErr(t, info.Verify())
				checkContext(t, g, info)
				checkLeaves(t, g, info.Tree)
				for _, l := range g.Leaves {
					seen[sources[l.Source]] = true
				}
			})
		}
		for _, k := range made.KeyPackages {
			checkKeyPackage(t, made.Suite, k)
		}
	}
	if len(seen) != 3 {
		t.Errorf("leaves of these sources only: %v", seen)
	}
}

// readGroup parses a GroupInfo and, if it has no tree, the tree beside it.
func readGroup(t *testing.T, g group) *mls.GroupInfo {
	t.Helper()
	m, err := mls.Parse(g.GroupInfo)
	fatalIfErr(t, err)
	if m.GroupInfo == nil {
		t.Fatal("not a GroupInfo")
	}
	tree, err := mls.ParseRatchetTree(g.Tree)
	fatalIfErr(t, err)
	beside := m.GroupInfo.Tree == nil
	if beside != (g.What == "the tree beside it") {
		t.Errorf("without a tree: %v", beside)
	}
	if beside {
		m.GroupInfo.Tree = tree
	}
	return m.GroupInfo
}

func checkContext(t *testing.T, g group, info *mls.GroupInfo) {
	t.Helper()
	c := info.Context
	if c.CipherSuite != g.Suite || c.CipherSuite.String() != g.SuiteName || c.Epoch != g.Epoch || info.Signer != g.Signer ||
		!bytes.Equal(c.GroupID, g.GroupID) || !bytes.Equal(c.TreeHash, g.TreeHash) {
		t.Errorf("got %v, epoch %d, signer %d; want %s, %d, %d", c.CipherSuite, c.Epoch, info.Signer, g.SuiteName, g.Epoch, g.Signer)
	}
	if info.Tree.LeafCount() != g.LeafCount {
		t.Errorf("%d leaves, want %d", info.Tree.LeafCount(), g.LeafCount)
	}
	hash, err := info.Tree.TreeHash(g.Suite)
	fatalIfErr(t, err)
	if !bytes.Equal(hash, g.TreeHash) {
		t.Errorf("tree hash %x, want %x", hash, g.TreeHash)
	}
}

func checkLeaves(t *testing.T, g group, tree *mls.RatchetTree) {
	t.Helper()
	members := tree.Members()
	if len(members) != len(g.Leaves) {
		t.Fatalf("%d members, want %d", len(members), len(g.Leaves))
	}
	for i, m := range members {
		want := g.Leaves[i]
		if m.Index != want.Index || m.Leaf.Source != sources[want.Source] || m.Leaf.Credential.Type != credentialTypes[want.Type] ||
			!bytes.Equal(m.Leaf.SignatureKey, want.SignatureKey) || !bytes.Equal(m.Leaf.EncryptionKey, want.EncryptionKey) {
			t.Errorf("leaf %d: %+v; want %+v", m.Index, m.Leaf, want)
		}
		identities := m.Leaf.Credential.Certificates
		if m.Leaf.Credential.Type == mls.CredentialBasic {
			identities = [][]byte{m.Leaf.Credential.Identity}
		}
		if !slices.EqualFunc(identities, want.Identities, func(a []byte, b hexBytes) bool { return bytes.Equal(a, b) }) {
			t.Errorf("leaf %d: identities %q, want %q", m.Index, identities, want.Identities)
		}
	}
}

func checkKeyPackage(t *testing.T, suite mls.CipherSuite, want keyPackage) {
	t.Helper()
	m, err := mls.Parse(want.KeyPackage)
	fatalIfErr(t, err)
	k := m.KeyPackage
	if k == nil || k.CipherSuite != suite || !bytes.Equal(k.Leaf.SignatureKey, want.SignatureKey) || !bytes.Equal(k.InitKey, want.InitKey) {
		t.Fatalf("suite %d: got %+v", suite, k)
	}
	fatalIfErr(t, k.Verify())
	ref, err := k.Ref()
	fatalIfErr(t, err)
	if !bytes.Equal(ref, want.Ref) {
		t.Errorf("suite %d: KeyPackageRef %x, want %x", suite, ref, want.Ref)
	}
}

// The members of a group of ts-mls are those of its roster.
func TestRoster(t *testing.T) {
	for _, g := range makeGroups(t, "2")[0].Epochs {
		r, err := mlsroster.OfGroupInfo(readGroup(t, g), mlsroster.Options{Seen: time.Now()})
		if slices.ContainsFunc(g.Leaves, func(l leaf) bool { return l.Type == "x509" }) {
			if !errors.Is(err, mlsroster.ErrNoLabel) {
				t.Errorf("%s, with a certificate that is none: %v", g.What, err)
			}
			continue
		}
		fatalIfErr(t, err)
		want := map[string][]string{}
		for _, l := range g.Leaves {
			label := strings.ToLower(string(l.Identities[0]))
			want[label] = append(want[label], "0002"+hex.EncodeToString(l.SignatureKey))
		}
		got := map[string][]string{}
		for _, m := range r.Members {
			for _, d := range m.Devices {
				got[m.Label] = append(got[m.Label], hex.EncodeToString(d.Data))
			}
		}
		if !maps.EqualFunc(got, want, slices.Equal) || r.Conversation != hex.EncodeToString(g.GroupID) {
			t.Errorf("%s: got %v, want %v", g.What, got, want)
		}
	}
}

// The one thing in which ts-mls is not followed.
func TestCompressedPointIsRefused(t *testing.T) {
	var g group
	fatalIfErr(t, json.Unmarshal(node(t, nil, "compressed"), &g))
	if theirs := judge(t, g.Suite, [][]byte{g.GroupInfo}); theirs[0] != "" {
		t.Errorf("there: %s", theirs[0])
	}
	err := verify(g.GroupInfo)
	if !errors.Is(err, mls.ErrNotVerified) || !strings.Contains(err.Error(), "a signature key of 33 bytes") {
		t.Errorf("here: %v", err)
	}
}

// ts-mls takes what it made, and refuses what is refused here: with a bit changed
// anywhere, cut short, or continued.
func TestTamperedIsRefusedByBoth(t *testing.T) {
	for _, made := range makeGroups(t, "1", "2") {
		var cases [][]byte
		for _, g := range made.Epochs[:len(made.Epochs)-1] {
			cases = append(cases, g.GroupInfo)
		}
		good := len(cases)
		data := cases[3]
		for i := 0; i < len(data); i += 7 {
			changed := slices.Clone(data)
			changed[i] ^= 1 << (i % 8)
			cases = append(cases, changed)
		}
		cases = append(cases, data[:len(data)-1], append(slices.Clone(data), 0))
		for i, theirs := range judge(t, made.Suite, cases) {
			ours := verify(cases[i])
			switch {
			case i < good && (ours != nil || theirs != ""):
				t.Errorf("suite %d, epoch %d: %v here, %q there", made.Suite, i, ours, theirs)
			case i >= good && ours == nil:
				t.Errorf("suite %d, change %d: accepted here; %q there", made.Suite, i-good, theirs)
			case i >= good && theirs == "":
				t.Errorf("suite %d, change %d: accepted there; %v here", made.Suite, i-good, ours)
			}
		}
	}
}

func verify(data []byte) error {
	m, err := mls.Parse(data)
	if err != nil {
		return err
	}
	if m.GroupInfo == nil {
		return errors.New("not a GroupInfo")
	}
	return m.GroupInfo.Verify()
}

// judge returns for each GroupInfo why ts-mls would not join by it, or "".
func judge(t *testing.T, suite mls.CipherSuite, cases [][]byte) []string {
	t.Helper()
	var in bytes.Buffer
	for _, c := range cases {
		fmt.Fprintf(&in, "{\"suite\":%d,\"group_info\":\"%x\"}\n", suite, c)
	}
	lines := strings.Split(strings.TrimSpace(string(node(t, in.Bytes(), "judge"))), "\n")
	if len(lines) != len(cases) {
		t.Fatalf("%d verdicts on %d cases", len(lines), len(cases))
	}
	verdicts := make([]string, len(lines))
	for i, line := range lines {
		var v struct{ Error string }
		fatalIfErr(t, json.Unmarshal([]byte(line), &v))
		verdicts[i] = v.Error
	}
	return verdicts
}

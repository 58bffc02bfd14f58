package scenario

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

const team = "#team@example.org"

// withKeys has somebody enter with a label that has an account key.
func (s *stage) withKeys(label string) *person {
	s.Helper()
	p := s.enter(label)
	p.newAccount()
	p.publish(device(label + "'s phone"))
	return p
}

// group has somebody make a version of a group.
func (p *person) group(command string, args ...string) ran {
	p.Helper()
	return p.kt(append(append([]string{"group", command}, args...), append(p.writeFlags(), "--as", p.label)...)...)
}

// grouped is what kt group verify says.
type grouped struct {
	ran
	Version uint32 `json:"version"`
	Stood   uint32 `json:"stood_version"`
	Members []struct {
		Label string `json:"label"`
	} `json:"members"`
	Findings []struct{ Code, Label string } `json:"findings"`
}

// verifyGroup has somebody verify a group, and requires an exit code, the members, and
// the findings as "code label".
func (p *person) verifyGroup(name string, code int, members string, findings ...string) grouped {
	p.Helper()
	r := p.kt("--json", "group", "verify", name).exits(p.T, code)
	g := grouped{ran: r}
	fatalIfErr(p.T, json.Unmarshal([]byte(r.stdout), &g))
	var who, found []string
	for _, m := range g.Members {
		who = append(who, strings.TrimSuffix(m.Label, "@example.org"))
	}
	for _, f := range g.Findings {
		found = append(found, f.Code+" "+f.Label)
	}
	if strings.Join(who, " ") != members || strings.Join(found, ", ") != strings.Join(findings, ", ") {
		p.Fatalf("members %v, want %s; found %v, want %v: %v", who, members, found, findings, r)
	}
	return g
}

// inGroup is a conversation of the group's.
func (p *person) inGroup(labels ...string) rosterFile {
	r := p.conversation()
	for _, l := range labels {
		r.Members = append(r.Members, with(l, device(l+"'s phone")))
	}
	return r
}

// ghostVersion is a version of the group that the provider makes: in alice's name, of
// whom it has no key, with a member of its own.
func (p *person) ghostVersion(label string) (greatest uint32, value []byte) {
	p.Helper()
	c, err := client.Open(p.home, p.url, client.Config{InsecureHTTP: true})
	fatalIfErr(p.T, err)
	newest, err := c.Lookup(p.Context(), team, nil)
	fatalIfErr(p.T, err)
	read, err := group.Parse(newest.Bytes)
	fatalIfErr(p.T, err)
	signer, err := account.NewSigner(account.Ed25519)
	fatalIfErr(p.T, err)
	key, err := account.KeyOf(signer)
	fatalIfErr(p.T, err)
	state := group.State{Version: newest.Version, Commitment: p.commitment(newest), Stood: newest.Version, Members: read.Members}
	for i := range state.Members {
		if state.Members[i].Label == "alice@example.org" {
			state.Members[i].Key = key
		}
	}
	g, err := state.Next(team, "alice@example.org", signer, group.Changes{Add: []group.Person{{Label: label, Key: key}}})
	fatalIfErr(p.T, err)
	value, err = g.Marshal()
	fatalIfErr(p.T, err)
	return newest.Version, value
}

// commitment opens a version of the group's label, as whoever runs the directory can.
func (p *person) commitment(newest *client.LookupResult) account.Hash {
	p.Helper()
	q := &keytrans.SearchRequest{Label: []byte(team)}
	request, err := q.Marshal()
	fatalIfErr(p.T, err)
	answer, err := http.Post(p.url+"/v1/search", "application/octet-stream", bytes.NewReader(request))
	fatalIfErr(p.T, err)
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	fatalIfErr(p.T, err)
	pinned, err := client.ListPinned(p.home)
	fatalIfErr(p.T, err)
	cfg, err := keytrans.ParseConfiguration(pinned[0].Configuration)
	fatalIfErr(p.T, err)
	response, err := keytrans.ParseSearchResponse(cfg, q, body.Bytes())
	fatalIfErr(p.T, err)
	c, err := keytrans.Commit(cfg.Mode, response.Opening, q.Label, newest.Version, keytrans.UpdateValue{Value: newest.Bytes})
	fatalIfErr(p.T, err)
	return account.Hash(c)
}

// The provider is told to listen in, and adds a member to a group.
func TestGroupInsertion(t *testing.T) {
	s := newStage(t)
	alice, bob, carol := s.withKeys("alice@example.org"), s.withKeys("bob@example.org"), s.withKeys("carol@example.org")
	ghost := s.withKeys("ghost@example.org")
	alice.group("create", team, bob.label, carol.label).exits(t, exitVerified, "version 0")
	for _, p := range []*person{alice, bob, carol} {
		p.verifyGroup(team, exitVerified, "alice bob carol")
	}
	r := alice.inGroup(bob.label, carol.label)
	alice.check(r, "--group", team).clean(t)

	operator := s.operator(team)
	greatest, value := operator.ghostVersion(ghost.label)
	operator.insertValue(&greatest, value)
	// Everybody finds it, each time, and the list is the one that a member made.
	for range 2 {
		for _, p := range []*person{alice, bob, carol, s.enter("dave@example.org")} {
			g := p.verifyGroup(team, exitAttention, "alice bob carol", "unsigned-change "+team)
			if g.Version != 1 || g.Stood != 0 {
				t.Fatal(g.ran)
			}
		}
	}
	alice.kt("group", "verify", team).exits(t, exitAttention, "THE MEMBERS ARE THOSE OF VERSION 0", "UNSIGNED: version 1", "bob@example.org, added by alice@example.org at version 0")
	alice.kt("watch").exits(t, exitAttention, "UNEXPECTED "+team, "NOT made by a member of the group", "kt own "+team+" --accept 1")
	// The ghost in the session is a ghost user, although the newest list has them.
	with := alice.inGroup(bob.label, carol.label, ghost.label)
	alice.check(with, "--group", team).finds(t, exitAttention, "ghost-user "+ghost.label, "unsigned-change "+team)

	// No member goes on without noticing. Whoever does takes its place, for all.
	bob.group("remove", team, carol.label).exits(t, exitAttention, "NOT made by a member of the group", "nothing was published")
	bob.kt("own", team, "--accept", "1").exits(t, exitVerified)
	bob.group("remove", team, carol.label).exits(t, exitVerified, "version 2")
	for _, p := range []*person{alice, bob} {
		p.verifyGroup(team, exitVerified, "alice bob")
	}
	alice.kt("group", "verify", team).exits(t, exitVerified, "UNSIGNED: version 1")
	alice.check(alice.inGroup(bob.label), "--group", team).clean(t)
}

// A group as it lives: members come, go and change their account keys, and it is
// founded once more under another label.
func TestGroupLife(t *testing.T) {
	s := newStage(t)
	alice, bob, carol := s.withKeys("alice@example.org"), s.withKeys("bob@example.org"), s.withKeys("carol@example.org")
	alice.group("create", team, bob.label).exits(t, exitVerified)
	bob.group("add", team, carol.label).exits(t, exitVerified, "carol@example.org, added by bob@example.org at version 1")
	alice.kt("watch").exits(t, exitVerified)
	alice.kt("group", "verify", team).exits(t, exitVerified, "carol@example.org, added by bob@example.org at version 1", "verified")

	// Bob has a new phone and another account key, signed by the old one.
	old := bob.account
	bob.account = old + ".new"
	bob.kt("account", "new", bob.account).exits(t, exitVerified)
	bob.kt("account", "rotate", bob.label, "--account-key", old, "--new-account-key", bob.account, "--token-file", s.token()).exits(t, exitVerified)
	alice.verifyGroup(team, exitVerified, "alice bob carol")
	next := bob.account
	bob.account = old
	bob.group("rekey", team, "--new-account-key", next).exits(t, exitVerified, "version 2")
	bob.account = next
	alice.verifyGroup(team, exitVerified, "alice bob carol")
	alice.group("remove", team, carol.label).exits(t, exitVerified, "version 3")
	// Carol is no member any more, and can neither come back by herself nor act.
	carol.group("add", team, carol.label).exits(t, exitUsage, "is no member of the group")
	bob.check(bob.inGroup(alice.label, bob.label), "--group", team).clean(t)
	bob.check(bob.inGroup(alice.label, bob.label, carol.label), "--group", team).finds(t, exitAttention, "ghost-user "+carol.label)

	// The group is founded anew, by another member, because the app lost it.
	const again = "#team-2@example.org"
	bob.group("create", again, alice.label).exits(t, exitVerified)
	for _, p := range []*person{alice, bob, carol} {
		p.verifyGroup(again, exitVerified, "alice bob")
		p.verifyGroup(team, exitVerified, "alice bob")
		p.kt("watch").exits(t, exitVerified)
	}
	// Neither keys nor a group take the other's place.
	bob.group("create", alice.label).exits(t, exitUsage, "not a group")
	alice.kt("publish", team, alice.keyFile("alice's phone"), "--token-file", s.token()).exits(t, exitUsage, "that of a group")
}

// The provider founds a group in alice's name, and tells her friends of it.
func TestGhostGroup(t *testing.T) {
	s := newStage(t)
	alice, bob := s.withKeys("alice@example.org"), s.withKeys("bob@example.org")
	ghost, err := account.NewSigner(account.Ed25519)
	fatalIfErr(t, err)
	file, err := os.ReadFile(bob.account)
	fatalIfErr(t, err)
	signer, err := account.ParsePrivate(file)
	fatalIfErr(t, err)
	key, err := account.KeyOf(signer)
	fatalIfErr(t, err)
	g, err := group.Create(team, alice.label, ghost, group.Person{Label: bob.label, Key: key})
	fatalIfErr(t, err)
	value, err := g.Marshal()
	fatalIfErr(t, err)
	s.operator(team).insertValue(nil, value)
	for _, p := range []*person{alice, bob} {
		p.verifyGroup(team, exitAttention, "alice bob", "other-account-key "+alice.label)
	}
}

package keytrans

import (
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// vectorKey is what a user knows of a version of a label.
type vectorKey struct {
	Version    uint32
	SearchKey  hexHash `json:"vrf_output"`
	Commitment *hexHash
}

func keyMap(keys []vectorKey) map[uint32]VersionKey {
	out := make(map[uint32]VersionKey)
	for _, k := range keys {
		out[k.Version] = VersionKey{
			SearchKey: merkle.Hash(k.SearchKey), Commitment: (*merkle.Hash)(k.Commitment), Proven: k.Commitment != nil,
		}
	}
	return out
}

// vectorMonitor is the input of a case of monitor.json.
type vectorMonitor struct {
	vectorLog
	Operation       string
	Entries         []MonitorMapEntry
	Known           []vectorKey `json:"known_versions"`
	Start           uint64
	GreatestVersion *uint32 `json:"greatest_version"`
}

// vectorMonitorResponse is its expectation.
type vectorMonitorResponse struct {
	vectorResponse
	GreatestVersions []uint32 `json:"greatest_versions"`
}

func runMonitor(t *testing.T, c *vectorCase) outcome {
	var in vectorMonitor
	var want vectorMonitorResponse
	c.decode(t, &in, &want)
	switch in.Operation {
	case "contact":
		runContact(t, c, &in, &want)
	case "owner-init":
		runOwnerInit(t, &in, &want)
	case "owner-monitor":
		runOwnerMonitor(t, &in, &want)
	default:
		t.Fatalf("operation %q", in.Operation)
	}
	return agreed
}

func runContact(t *testing.T, c *vectorCase, in *vectorMonitor, want *vectorMonitorResponse) {
	t.Helper()
	q := &ContactMonitorRequest{Last: in.Last, Label: in.Label, Entries: in.Entries}
	label := in.label()
	ours, err := (&Prover{Config: label.cfg}).ContactMonitor(label.worldLog, label, q)
	fatalIfErr(t, err)
	want.checkOurs(t, &ours.Monitor)

	v := in.verifier(t)
	p, err := ParseContactMonitorResponse(v.cfg, want.Response)
	fatalIfErr(t, err)
	encoded, err := p.Marshal(v.cfg)
	want.checkHead(t, v.cfg, &p.FullTreeHead, encoded, err)
	want.check(t, &p.Monitor)
	if in.Last == nil {
		contact := &Contact{Map: in.Entries, Keys: keyMap(in.Known)}
		_, err = v.ContactMonitor(in.view(), contact, q, p, in.now())
		fatalIfErr(t, err)
		return
	}
	s := in.begin(t, &p.FullTreeHead, p.Monitor, keyMap(in.Known))
	fatalIfErr(t, s.updateView(*in.Last))
	_, err = s.contactMonitor(q.Entries, nil)
	fatalIfErr(t, err)
	s.finish(t)
	c.note(noHeads)
}

func runOwnerInit(t *testing.T, in *vectorMonitor, want *vectorMonitorResponse) {
	t.Helper()
	q := &OwnerInitRequest{Last: in.Last, Label: in.Label, Start: in.Start}
	label := in.label()
	ours, err := (&Prover{Config: label.cfg}).OwnerInit(label.worldLog, label, q)
	fatalIfErr(t, err)
	want.checkOurs(t, &ours.Init)
	same(t, "our greatest versions", ours.GreatestVersions, want.GreatestVersions)

	v := in.verifier(t)
	p, err := ParseOwnerInitResponse(v.cfg, want.Response)
	fatalIfErr(t, err)
	encoded, err := p.Marshal(v.cfg)
	want.checkHead(t, v.cfg, &p.FullTreeHead, encoded, err)
	want.check(t, &p.Init)
	same(t, "greatest versions", p.GreatestVersions, want.GreatestVersions)
	if want.checkLadder(t, p.BinaryLadder, ours.BinaryLadder) {
		t.Error("the ladder lacks commitments that ours has")
	}
	r, err := v.OwnerInit(in.view(), q, p, in.now())
	fatalIfErr(t, err)
	for version, known := range keyMap(in.Known) {
		hexHash(known.SearchKey).check(t, "search key", r.Owner.Keys[version].SearchKey)
	}
}

func runOwnerMonitor(t *testing.T, in *vectorMonitor, want *vectorMonitorResponse) {
	t.Helper()
	label := in.label()
	atStart, err := label.Greatest(in.Start)
	fatalIfErr(t, err)
	owner := &Owner{Start: in.Start, AtStart: atStart, Contact: Contact{Map: in.Entries}, Keys: keyMap(in.Known)}
	for version, pos := range label.world.Inserted[label.name] {
		if pos > in.Start {
			owner.Created = append(owner.Created, Created{Position: pos, Version: uint32(version)})
		}
	}
	if got := owner.Greatest(); *got != *in.GreatestVersion {
		t.Errorf("greatest version %d, want %d", *got, *in.GreatestVersion)
	}
	q := owner.OwnerMonitorRequest(in.view(), in.Label)
	ours, err := (&Prover{Config: label.cfg}).OwnerMonitor(label.worldLog, label, q)
	fatalIfErr(t, err)
	want.checkOurs(t, &ours.Monitor)

	v := in.verifier(t)
	p, err := ParseOwnerMonitorResponse(v.cfg, want.Response)
	fatalIfErr(t, err)
	encoded, err := p.Marshal(v.cfg)
	want.checkHead(t, v.cfg, &p.FullTreeHead, encoded, err)
	want.check(t, &p.Monitor)
	r, err := v.OwnerMonitor(in.view(), owner, p, in.now())
	fatalIfErr(t, err)
	if !r.Complete {
		t.Error("not complete")
	}
}

func runUpdate(t *testing.T, c *vectorCase) outcome {
	var in struct {
		vectorLog
		Ladder []vectorKey
		Note   string
		Owner  struct {
			Starting uint64
			Version  *uint32 `json:"version_at_starting"`
			Upcoming []uint64
		}
		Position uint64
		TreeSize uint64 `json:"tree_size"`
		Versions uint32
	}
	var want struct {
		vectorProof
		Proof         hexBytes
		Contact       *MonitorMapEntry
		Distinguished bool
	}
	c.decode(t, &in, &want)
	c.note(noHead)
	owner := &Owner{Start: in.Owner.Starting, AtStart: in.Owner.Version}
	next := uint32(0)
	if owner.AtStart != nil {
		next = *owner.AtStart + 1
	}
	for _, pos := range in.Owner.Upcoming {
		owner.Created = append(owner.Created, Created{Position: pos, Version: next})
		next++
	}
	label := in.label()
	q := &UpdateRequest{Last: in.Last, Label: in.Label, GreatestVersion: owner.Greatest()}
	ours, err := (&Prover{Config: label.cfg}).Update(label.worldLog, label, q, int(in.Versions))
	fatalIfErr(t, err)
	want.checkOurs(t, &ours[0].Update)
	if ours[0].Position != in.Position || len(ours[0].Info) != int(in.Versions) {
		t.Errorf("our response tells of %d versions in entry %d", len(ours[0].Info), ours[0].Position)
	}

	r := reader{s: []byte(want.Proof)}
	proof := r.combinedTreeProof()
	fatalIfErr(t, r.end())
	want.check(t, &proof)
	var b builder
	proof.add(&b)
	sameBytes(t, "proof", b.BytesOrPanic(), want.Proof)
	u := &labelUpdate{
		position: in.Position, previous: owner.Greatest(), inserted: owner.lastPosition(),
		greatest: next + in.Versions - 1, expected: owner.at,
	}
	s := in.begin(t, &FullTreeHead{TreeHead: &TreeHead{TreeSize: in.TreeSize}}, proof, keyMap(in.Ladder))
	fatalIfErr(t, s.updateView(s.view.Head.TreeSize))
	distinguished, err := s.update(u)
	fatalIfErr(t, err)
	if distinguished != want.Distinguished {
		t.Errorf("distinguished: %t", distinguished)
	}
	s.finish(t)
	var entries []MonitorMapEntry
	if want.Contact != nil {
		entries = append(entries, *want.Contact)
	}
	state, err := owner.created(u, in.TreeSize, distinguished, s.consumer.keys)
	fatalIfErr(t, err)
	if got := state.Contact.Map; !slices.Equal(got, entries) {
		t.Errorf("monitoring map %v, want %v", got, entries)
	}
	return agreed
}

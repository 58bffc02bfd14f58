package keytrans

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// vectorCommitment is the input of a case about commitments.
type vectorCommitment struct {
	Kind       string
	Label      hexBytes
	Version    uint32
	Opening    hexBytes
	Update     struct{ Value hexBytes }
	Commitment *hexHash // to be refused
}

// verify verifies the opening of a commitment.
func (v *vectorCommitment) verify(commitment hexHash) error {
	return VerifyCommitment(ContactMonitoring, merkle.Hash(commitment), Opening(v.Opening), v.Label, v.Version, UpdateValue{Value: []byte(v.Update.Value)})
}

func runCommitment(t *testing.T, c *vectorCase) outcome {
	var in vectorCommitment
	var want struct {
		Commitment *hexHash
		Value      hexBytes `json:"commitment_value"`
		Error      bool
	}
	c.decode(t, &in, &want)
	if want.Error {
		wantErr(t, "opening", in.verify(*in.Commitment), ErrCommitment)
		return refused
	}
	value := UpdateValue{Value: []byte(in.Update.Value)}
	encoded, err := commitmentValue(ContactMonitoring, Opening(in.Opening), in.Label, in.Version, value)
	fatalIfErr(t, err)
	sameBytes(t, "CommitmentValue", encoded, want.Value)
	got, err := Commit(ContactMonitoring, Opening(in.Opening), in.Label, in.Version, value)
	fatalIfErr(t, err)
	want.Commitment.check(t, "commitment", got)
	fatalIfErr(t, in.verify(*want.Commitment))
	return agreed
}

// vectorVRF is the input of a case about the VRF.
type vectorVRF struct {
	Kind       string
	Label      hexBytes
	Version    uint32
	PrivateKey hexBytes `json:"private_key"`
	PublicKey  hexBytes `json:"public_key"`
	Proof      hexBytes // to be refused
}

// verify verifies a proof for the label-version pair.
func (v *vectorVRF) verify(t *testing.T, proof []byte) (vrf.Output, error) {
	t.Helper()
	params, err := KT_128_SHA256_Ed25519.params()
	fatalIfErr(t, err)
	key, err := params.parseVRF(v.PublicKey)
	fatalIfErr(t, err)
	alpha, err := VRFInput(v.Label, v.Version)
	fatalIfErr(t, err)
	return key.Verify(alpha, proof)
}

func runVRF(t *testing.T, c *vectorCase) outcome {
	var in vectorVRF
	var want struct {
		Output   hexHash
		Proof    hexBytes
		VRFInput hexBytes `json:"vrf_input"`
		Error    bool
	}
	c.decode(t, &in, &want)
	if want.Error {
		if _, err := in.verify(t, in.Proof); err == nil {
			t.Error("accepted")
		}
		return refused
	}
	alpha, err := VRFInput(in.Label, in.Version)
	fatalIfErr(t, err)
	sameBytes(t, "VrfInput", alpha, want.VRFInput)
	key, err := vrf.NewEd25519PrivateKey(in.PrivateKey)
	fatalIfErr(t, err)
	sameBytes(t, "public key", key.Public(), in.PublicKey)
	want.Output.check(t, "evaluated output", merkle.Hash(key.Evaluate(alpha)))
	output, proof := key.Prove(alpha)
	sameBytes(t, "proof", proof, want.Proof)
	want.Output.check(t, "output", merkle.Hash(output))
	verified, err := in.verify(t, want.Proof)
	fatalIfErr(t, err)
	want.Output.check(t, "verified output", merkle.Hash(verified))
	return agreed
}

// vectorHead is the input of a case about tree heads.
type vectorHead struct {
	Kind               string
	Mode               DeploymentMode
	SignaturePublicKey hexBytes `json:"signature_public_key"`
	VRFPublicKey       hexBytes `json:"vrf_public_key"`
	LeafPublicKey      hexBytes `json:"leaf_public_key"`
	AuditorPublicKey   hexBytes `json:"auditor_public_key"`
	AuditorStartPos    uint64   `json:"auditor_start_pos"`
	AuditorTimestamp   uint64   `json:"auditor_timestamp"`
	MaxAuditorLag      uint64   `json:"max_auditor_lag"`
	MaxAhead           uint64   `json:"max_ahead"`
	MaxBehind          uint64   `json:"max_behind"`
	Window             uint64   `json:"reasonable_monitoring_window"`
	TreeSize           uint64   `json:"tree_size"`
	Root               hexHash
	Signature          hexBytes // to be refused
}

func (v *vectorHead) configuration() *Configuration {
	return &Configuration{
		Suite: KT_128_SHA256_Ed25519, Mode: v.Mode,
		SignaturePublicKey: v.SignaturePublicKey, VRFPublicKey: v.VRFPublicKey, LeafPublicKey: v.LeafPublicKey,
		MaxAuditorLag: v.MaxAuditorLag, AuditorStartPos: v.AuditorStartPos, AuditorPublicKey: v.AuditorPublicKey,
		MaxAhead: v.MaxAhead, MaxBehind: v.MaxBehind, ReasonableMonitoringWindow: v.Window,
	}
}

func runTreeHead(t *testing.T, c *vectorCase) outcome {
	var in vectorHead
	var want struct {
		Configuration, Signature hexBytes
		Same                     hexBytes `json:"full_tree_head_same"`
		Updated                  hexBytes `json:"full_tree_head_updated"`
		TreeHead                 hexBytes `json:"tree_head"`
		TreeHeadTBS              hexBytes `json:"tree_head_tbs"`
		AuditorTreeHead          hexBytes `json:"auditor_tree_head"`
		AuditorTreeHeadTBS       hexBytes `json:"auditor_tree_head_tbs"`
	}
	c.decode(t, &in, &want)
	c.note("The vectors have no signing keys: what a signature covers and how it is carried are compared byte for byte, " +
		"and the vector's signatures are verified, but none is made")
	cfg := in.configuration()
	encoded, err := cfg.Marshal()
	fatalIfErr(t, err)
	sameBytes(t, "Configuration", encoded, want.Configuration)
	parsed, err := ParseConfiguration(want.Configuration)
	fatalIfErr(t, err)
	encoded, err = parsed.Marshal()
	fatalIfErr(t, err)
	sameBytes(t, "Configuration decoded", encoded, want.Configuration)
	root := merkle.Hash(in.Root)
	tbs, err := treeHeadTBS(cfg, in.TreeSize, root)
	fatalIfErr(t, err)
	sameBytes(t, "TreeHeadTBS", tbs, want.TreeHeadTBS)

	head := FullTreeHead{TreeHead: &TreeHead{TreeSize: in.TreeSize, Signature: want.Signature}}
	var b builder
	head.TreeHead.add(&b)
	sameBytes(t, "TreeHead", b.BytesOrPanic(), want.TreeHead)
	if in.Mode == ThirdPartyAuditing {
		r := reader{s: []byte(want.AuditorTreeHead)}
		head.AuditorTreeHead = &AuditorTreeHead{Timestamp: r.u64(""), TreeSize: r.u64(""), Signature: r.opaque16("")}
		fatalIfErr(t, r.end())
		if a := head.AuditorTreeHead; a.Timestamp != in.AuditorTimestamp || a.TreeSize != in.TreeSize {
			t.Errorf("auditor's head %+v", a)
		}
		tbs, err := auditorTreeHeadTBS(cfg, in.AuditorTimestamp, in.TreeSize, root)
		fatalIfErr(t, err)
		sameBytes(t, "AuditorTreeHeadTBS", tbs, want.AuditorTreeHeadTBS)
	}
	for _, h := range []struct {
		FullTreeHead
		want hexBytes
	}{{FullTreeHead{}, want.Same}, {head, want.Updated}} {
		var b builder
		h.add(&b, cfg)
		sameBytes(t, "FullTreeHead", b.BytesOrPanic(), h.want)
		r := reader{s: []byte(h.want)}
		parsed := r.fullTreeHead(parsed)
		fatalIfErr(t, r.end())
		if !reflect.DeepEqual(parsed, h.FullTreeHead) {
			t.Errorf("FullTreeHead decoded: got %+v, want %+v", parsed, h.FullTreeHead)
		}
	}
	fatalIfErr(t, VerifyTreeHead(cfg, head.TreeHead, root))
	if a := head.AuditorTreeHead; a != nil {
		fatalIfErr(t, VerifyAuditorTreeHead(cfg, a, root))
	}
	return agreed
}

func runTampered(t *testing.T, c *vectorCase) outcome {
	var want struct {
		Error  bool
		Tamper string
	}
	var err error
	switch kind := c.kind(t); kind {
	case "commitment":
		var in vectorCommitment
		c.decode(t, &in, &want)
		err = in.verify(*in.Commitment)
		wantErr(t, want.Tamper, err, ErrCommitment)
	case "vrf":
		var in vectorVRF
		c.decode(t, &in, &want)
		_, err = in.verify(t, in.Proof)
	case "tree-head":
		var in vectorHead
		c.decode(t, &in, &want)
		err = VerifyTreeHead(in.configuration(), &TreeHead{TreeSize: in.TreeSize, Signature: in.Signature}, merkle.Hash(in.Root))
		wantErr(t, want.Tamper, err, ErrSignature)
	case "log-tree":
		var in struct {
			Kind                       string
			Size                       uint64
			Entries                    []uint64
			Elements, Values, Retained []hexHash
			RetainedSize               uint64 `json:"retained_size"`
			Root                       hexHash
		}
		c.decode(t, &in, &want)
		var got logtree.Result
		got, err = logtree.Evaluate(in.Size, in.RetainedSize, hashList(in.Retained), provenLeaves(in.Entries, hashList(in.Values)), hashList(in.Elements))
		if err == nil && got.Root != merkle.Hash(in.Root) {
			err = errOtherRoot
		}
	case "prefix-tree":
		var in struct {
			Kind     string
			Proof    hexBytes
			Root     hexHash
			Searches []vectorLeaf
		}
		c.decode(t, &in, &want)
		err = verifyPrefixProof(in.Proof, in.Searches, merkle.Hash(in.Root))
	default:
		t.Fatalf("kind %q", kind)
	}
	if err == nil || !want.Error {
		t.Errorf("accepted: %s", want.Tamper)
	}
	return refused
}

var errOtherRoot = errors.New("the proof leads to another root")

func verifyPrefixProof(encoding []byte, searches []vectorLeaf, want merkle.Hash) error {
	proof, err := decodePrefixProof(encoding)
	if err != nil {
		return err
	}
	var keys []prefixtree.Key
	var commitments []*merkle.Hash
	for _, s := range searches {
		keys = append(keys, prefixtree.Key(s.Key))
		commitments = append(commitments, (*merkle.Hash)(s.Commitment))
	}
	root, err := proof.Root(keys, commitments)
	if err == nil && root != want {
		err = errOtherRoot
	}
	return err
}

func runAuditorUpdate(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Entries, Added, Removed []vectorLeaf
		Inserted                []publishedLeaf // that no distinguished entry covers
		Frontier                []uint64        `json:"frontier_timestamps"`
		FullSubtrees            []hexHash       `json:"log_full_subtrees"`
		LogSize                 uint64          `json:"log_size"`
		PrefixRoot              hexHash         `json:"prefix_root"`
		Previous                uint64          `json:"previous_timestamp"`
		First                   bool            `json:"first_entry"`
		Timestamp, Window       uint64
	}
	var want struct {
		Encoding   hexBytes
		LogRoot    hexHash `json:"log_root"`
		TreeSize   uint64  `json:"tree_size"`
		Verdict    string
		PeerDetail string `json:"peer_detail"`
	}
	c.decode(t, &in, &want)
	tree := storedTree(t, leafList(in.Entries))
	in.PrefixRoot.check(t, "prefix tree", tree.Hash())
	u, err := ParseAuditorUpdate(want.Encoding)
	fatalIfErr(t, err)
	encoded, err := u.Marshal()
	fatalIfErr(t, err)
	sameBytes(t, "decoded", encoded, want.Encoding)
	made := AuditorUpdate{Timestamp: in.Timestamp, Added: leafList(in.Added), Removed: leafList(in.Removed), Proof: u.Proof}
	if keys := leafKeys(made.Added, made.Removed); len(keys) > 0 && len(u.Proof.Results) == len(keys) {
		// Not one of the proofs that no tree makes.
		made.Proof, _, err = prefixtree.Prove(tree.Root(), keys)
		fatalIfErr(t, err)
	}
	encoded, err = made.Marshal()
	fatalIfErr(t, err)
	sameBytes(t, "encoded", encoded, want.Encoding)

	if !in.First {
		same(t, "last of the frontier", in.Frontier[len(in.Frontier)-1:], []uint64{in.Previous})
	}
	a := &Auditor{
		cfg:  &Configuration{ReasonableMonitoringWindow: in.Window},
		size: in.LogSize, subtrees: hashList(in.FullSubtrees), timestamps: in.Frontier, prefixTree: merkle.Hash(in.PrefixRoot),
		waiting: make(map[prefixtree.Key]uint64), room: MaxWaiting,
	}
	for _, l := range in.Inserted {
		a.waiting[prefixtree.Key(l.Key)] = l.Position
		a.arrivals = append(a.arrivals, arrival{l.Position, prefixtree.Key(l.Key)})
	}
	err = a.Apply(u)
	if errors.Is(err, ErrUndetermined) && want.Verdict == "accepted" {
		c.note("The update empties a slot beside a node of which the proof has only the value, so that the new root is not a function " +
			"of the proof. The peer assumes that the node is a parent, and accepts. The auditor refuses in step 7: it signs nothing " +
			"that it had to guess. What the update leads to under the peer's assumption is what is compared")
		entry, _ := u.Replay(a.Last())
		a.subtrees = must(logtree.Append(a.size, a.subtrees, entry.Hash(), func(logtree.Node, merkle.Hash) {}))
		a.size++
		err = nil
	}
	if (err == nil) != (want.Verdict == "accepted") {
		t.Errorf("got %v, want %s (%s)", err, want.Verdict, want.PeerDetail)
	}
	if err != nil {
		if e := (*AuditError)(nil); !errors.As(err, &e) || (e.Step == 5) != strings.Contains(c.Name, "no-distinguished") {
			t.Errorf("refused by %v (%s)", err, want.PeerDetail)
		}
		return refused
	}
	same(t, "tree size", []uint64{a.Size()}, []uint64{want.TreeSize})
	want.LogRoot.check(t, "log root", must(a.Root()))
	return agreed
}

// publishedLeaf says which log entry created the leaf of a search key.
type publishedLeaf struct {
	Position uint64
	Key      hexHash `json:"vrf_output"`
}

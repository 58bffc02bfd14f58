package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

func init() {
	files["configuration"] = configurations
	files["requests"] = requests
	files["signatures"] = signatures
	files["commitment"] = commitments
	files["vrf"] = vrfs
}

func configurations() file {
	f := &vectors.File[vectors.Configuration]{Notes: []string{
		"Configurations. encoding is the Configuration, the other members are its fields by their names in the draft; a field that the mode does not have is absent, and so is maximum_lifetime if it has no value.",
		"refusal: malformed, if encoding is not that of a Configuration; invalid, if it is, but has a value that the draft rules out or does not define.",
	}}
	for _, d := range deployments {
		h := ordinary(d)
		c := *h.Config
		if d.suite == keytrans.KT_128_SHA256_P256 {
			c.MaximumLifetime = nil
		}
		encoding := must(c.Marshal())
		f.Cases = append(f.Cases, vectors.Configuration{
			Name: d.name, Suite: uint16(c.Suite), Mode: uint8(c.Mode), SignaturePublicKey: c.SignaturePublicKey, VRFPublicKey: c.VRFPublicKey,
			LeafPublicKey: c.LeafPublicKey, MaxAuditorLag: c.MaxAuditorLag, AuditorStartPos: c.AuditorStartPos, AuditorPublicKey: c.AuditorPublicKey,
			MaxAhead: c.MaxAhead, MaxBehind: c.MaxBehind, Window: c.ReasonableMonitoringWindow, MaximumLifetime: c.MaximumLifetime, Encoding: encoding,
		})
		refused := func(name, refusal string, encoding []byte) {
			_, err := keytrans.ParseConfiguration(encoding)
			require(err != nil && (vectors.Refusal(err) == vectors.Malformed) == (refusal == vectors.Malformed), "%s: %s: %v", d.name, name, err)
			f.Cases = append(f.Cases, vectors.Configuration{Name: d.name + ": " + name, Encoding: encoding, Refusal: refusal})
		}
		with := func(i int, b ...byte) []byte {
			out := bytes.Clone(encoding)
			copy(out[i:], b)
			return out
		}
		presence := len(encoding) - 1
		if c.MaximumLifetime != nil {
			presence -= 8
			refused("a maximum lifetime that does not exceed the window", "invalid", with(presence+1, binary.BigEndian.AppendUint64(nil, c.ReasonableMonitoringWindow)...))
		}
		refused("a presence octet of 2", vectors.Malformed, with(presence, 2))
		refused("a byte missing", vectors.Malformed, encoding[:len(encoding)-1])
		refused("a trailing byte", vectors.Malformed, append(bytes.Clone(encoding), 0))
		refused("an unknown cipher suite", "invalid", with(0, 0xf0, 0))
		if d.mode == keytrans.ContactMonitoring {
			refused("an unknown mode", "invalid", with(2, 4))
		}
	}
	return f
}

// request is a keytrans request or a ManagerUpdateRequest.
type request interface{ Marshal() ([]byte, error) }

func requests() file {
	f := &vectors.File[vectors.Request]{Notes: []string{
		"Requests. type is the name of the structure, encoding the structure, the other members its fields by their names in the draft. An optional field without a value is absent, and so are empty vectors, 0 and fields that the structure does not have.",
		"values: value is the value, signature the operator's (in a ManagerUpdateRequest only).",
		"refusal: malformed, if encoding is not that of the structure.",
	}}
	label := []byte("alice@example.org")
	entries := []keytrans.MonitorMapEntry{{Position: 3, Version: 0}, {Position: 1 << 40, Version: 7}}
	size, version := ptr(uint64(1000)), ptr(uint32(1<<32-1))
	signed := []keytrans.UpdateValue{{Value: []byte("v"), Signature: []byte("signature")}, {}}
	for _, q := range []request{
		&keytrans.SearchRequest{Label: label},
		&keytrans.SearchRequest{Last: size, Label: label, Version: version},
		&keytrans.SearchRequest{Label: []byte{}},
		&keytrans.SearchRequest{Label: bytes.Repeat([]byte{0xff}, keytrans.MaxLabelSize)},
		&keytrans.ContactMonitorRequest{Last: size, Label: label, Entries: entries},
		&keytrans.ContactMonitorRequest{Label: label},
		&keytrans.OwnerInitRequest{Label: label, Start: 5},
		&keytrans.OwnerInitRequest{Last: size, Label: label, Start: 1 << 40},
		&keytrans.OwnerMonitorRequest{Last: size, Label: label, Entries: entries, Start: 5, GreatestVersion: ptr(uint32(7))},
		&keytrans.OwnerMonitorRequest{Label: label, Start: 5},
		&keytrans.UpdateRequest{Last: size, Label: label, GreatestVersion: ptr(uint32(0)), Values: [][]byte{[]byte("a value"), {}}},
		&keytrans.UpdateRequest{Label: label},
		&keytrans.DistinguishedRequest{},
		&keytrans.DistinguishedRequest{Last: size, Stop: ptr(uint64(0))},
		&keytrans.ManagerUpdateRequest{Last: size, Label: label, GreatestVersion: ptr(uint32(2)), Values: signed, SignedVersion: 3},
		&keytrans.ManagerUpdateRequest{Label: label},
	} {
		c := requestFields(q)
		c.Name = fmt.Sprintf("%s %d", c.Type, len(f.Cases))
		f.Cases = append(f.Cases, c)
		f.Cases = append(f.Cases, malformedRequests(c)...)
	}
	return f
}

// requestFields describes a request.
func requestFields(q request) vectors.Request {
	c := vectors.Request{Encoding: must(q.Marshal())}
	mapEntries := func(entries []keytrans.MonitorMapEntry) {
		for _, e := range entries {
			c.Entries = append(c.Entries, vectors.MapEntry(e))
		}
	}
	switch q := q.(type) {
	case *keytrans.SearchRequest:
		c.Type, c.Last, c.Label, c.Version = "SearchRequest", q.Last, q.Label, q.Version
	case *keytrans.ContactMonitorRequest:
		c.Type, c.Last, c.Label = "ContactMonitorRequest", q.Last, q.Label
		mapEntries(q.Entries)
	case *keytrans.OwnerInitRequest:
		c.Type, c.Last, c.Label, c.Start = "OwnerInitRequest", q.Last, q.Label, q.Start
	case *keytrans.OwnerMonitorRequest:
		c.Type, c.Last, c.Label, c.Start, c.GreatestVersion = "OwnerMonitorRequest", q.Last, q.Label, q.Start, q.GreatestVersion
		mapEntries(q.Entries)
	case *keytrans.UpdateRequest:
		c.Type, c.Last, c.Label, c.GreatestVersion = "UpdateRequest", q.Last, q.Label, q.GreatestVersion
		for _, v := range q.Values {
			c.Values = append(c.Values, vectors.Value{Value: v})
		}
	case *keytrans.DistinguishedRequest:
		c.Type, c.Last, c.Stop = "DistinguishedRequest", q.Last, q.Stop
	case *keytrans.ManagerUpdateRequest:
		c.Type, c.Last, c.Label, c.GreatestVersion, c.SignedVersion = "ManagerUpdateRequest", q.Last, q.Label, q.GreatestVersion, q.SignedVersion
		for _, v := range q.Values {
			c.Values = append(c.Values, vectors.Value{Value: v.Value, Signature: v.Signature})
		}
	}
	return c
}

// malformedRequests are encodings like that of c, which is well-formed.
func malformedRequests(c vectors.Request) (out []vectors.Request) {
	if len(c.Encoding) > 200 {
		return nil
	}
	add := func(name string, encoding []byte) {
		out = append(out, vectors.Request{Name: c.Name + ": " + name, Type: c.Type, Encoding: encoding, Refusal: vectors.Malformed})
	}
	presence := bytes.Clone(c.Encoding)
	presence[0] = 2
	add("a presence octet of 2", presence)
	add("a byte missing", c.Encoding[:len(c.Encoding)-1])
	add("a trailing byte", append(bytes.Clone(c.Encoding), 0))
	if c.Type == "ManagerUpdateRequest" && len(c.Values) == 0 {
		signed := bytes.Clone(c.Encoding)
		signed[len(signed)-1] = 1
		add("a signed_version without values", signed)
	}
	return out
}

func signatures() file {
	f := &vectors.File[vectors.Signed]{
		Notes: []string{
			"Signatures. structure is what is signed: TreeHeadTBS, AuditorTreeHeadTBS or UpdateTBS. tbs is its encoding, which begins with the Configuration of the case's log, for which see logs; the other members are its fields by their names in the draft.",
			"public_key is the key of the Configuration that the signature is verified with, signature the signature as the protocol carries it. The P-256 ones are those of RFC 6979; signers may choose others.",
			"refusal: signature, if the signature must not be accepted.",
		},
		Logs: make(map[string]vectors.Hex),
	}
	for _, d := range deployments {
		h := ordinary(d)
		config := must(h.Config.Marshal())
		f.Logs[d.name] = config
		root := h.Root(size)
		u64 := binary.BigEndian.AppendUint64
		add := func(c vectors.Signed, key keytrans.SigningKey) {
			c.Name, c.Log, c.PublicKey, c.Signature = d.name+": "+c.Structure, d.name, key.Public(), must(key.Sign(c.TBS))
			f.Cases = append(f.Cases, c)
			wrong := c
			wrong.Name, wrong.Refusal, wrong.Signature = c.Name+", another signature", vectors.Signature, bytes.Clone(c.Signature)
			wrong.Signature[10] ^= 1
			longer := wrong
			longer.Name, longer.Signature = c.Name+", a longer signature", append(bytes.Clone(c.Signature), 0)
			none := wrong
			none.Name, none.Signature = c.Name+", no signature", vectors.Hex{}
			f.Cases = append(f.Cases, wrong, longer, none)
		}
		hash := vectors.Hash(root)
		add(vectors.Signed{Structure: "TreeHeadTBS", TreeSize: size, Root: &hash, TBS: slices.Concat(config, u64(nil, size), root[:])}, h.Keys.Signer)
		if key := h.Keys.Auditor; key != nil {
			const ts = 1_013_000
			tbs := slices.Concat(config, u64(nil, ts), u64(nil, size), root[:])
			add(vectors.Signed{Structure: "AuditorTreeHeadTBS", TreeSize: size, Root: &hash, Timestamp: ts, TBS: tbs}, key)
		}
		if key := h.Keys.Leaf; key != nil {
			label, value := []byte("alice"), []byte("a value")
			tbs := slices.Concat(config, []byte{byte(len(label))}, label, []byte{0, 0, 0, 9, 0, 0, 0, byte(len(value))}, value)
			add(vectors.Signed{Structure: "UpdateTBS", Label: label, Version: 9, Value: value, TBS: tbs}, key)
		}
	}
	return f
}

func commitments() file {
	f := &vectors.File[vectors.Commitment]{Notes: []string{
		"Commitments to values. commitment_value is the encoding of the CommitmentValue, which in mode 2 has the operator's signature; commitment is its HMAC-SHA256 under Kc. Both cipher suites have the same.",
		"refused: opening, label, version, value and signature do not open the commitment. Nothing opens the commitment to a version that a Third-Party Manager skipped, which is all zero.",
	}}
	key := []byte{0xd8, 0x21, 0xf8, 0x79, 0x0d, 0x97, 0x70, 0x97, 0x96, 0xb4, 0xd7, 0x90, 0x33, 0x57, 0xc3, 0xf5}
	for _, c := range []vectors.Commitment{
		{Name: "a value", Mode: 1, Label: []byte("alice"), Version: 3, Value: []byte("a value")},
		{Name: "a signed value", Mode: 2, Label: []byte("alice"), Version: 3, Value: []byte("a value"), Signature: bytes.Repeat([]byte{7}, 64)},
		{Name: "an audited value", Mode: 3, Label: []byte("alice"), Version: 3, Value: []byte("a value")},
		{Name: "an empty value of an empty label", Mode: 1},
		{Name: "the greatest version of the longest label", Mode: 1, Label: bytes.Repeat([]byte{'l'}, 255), Version: 1<<32 - 1, Value: bytes.Repeat([]byte{0, 1, 2, 3}, 100)},
	} {
		c.Opening = sum("opening", c.Name)[:16]
		u32 := binary.BigEndian.AppendUint32
		c.Input = slices.Concat(c.Opening, []byte{byte(len(c.Label))}, c.Label, u32(nil, c.Version), u32(nil, uint32(len(c.Value))), c.Value)
		if c.Mode == 2 {
			c.Input = slices.Concat(c.Input, []byte{0, byte(len(c.Signature))}, c.Signature)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(c.Input)
		c.Commitment = vectors.Hash(mac.Sum(nil))
		f.Cases = append(f.Cases, c)
		refused := func(name string, change func(c *vectors.Commitment)) {
			wrong := c
			wrong.Name, wrong.Input, wrong.Refused = c.Name+": "+name, nil, true
			change(&wrong)
			f.Cases = append(f.Cases, wrong)
		}
		refused("another opening", func(c *vectors.Commitment) { c.Opening = sum("another")[:16] })
		refused("another version", func(c *vectors.Commitment) { c.Version ^= 1 })
		refused("another value", func(c *vectors.Commitment) { c.Value = append(bytes.Clone(c.Value), 0) })
		refused("another label", func(c *vectors.Commitment) { c.Label = []byte("bob") })
		refused("a skipped version", func(c *vectors.Commitment) { c.Commitment = vectors.Hash{} })
	}
	return f
}

// sum returns 32 bytes that follow from the arguments.
func sum(args ...any) []byte {
	h := sha256.Sum256(fmt.Append(nil, args...))
	return h[:]
}

func vrfs() file {
	f := &vectors.File[vectors.VRF]{Notes: []string{
		"VRF proofs of search keys. vrf_input is the encoding of the VrfInput with the label and version, vrf_output the search key: the VRF's output, of which the Ed25519 suite takes the first 32 bytes.",
		"refused: the proof does not verify for the input under the key.",
	}}
	for _, d := range deployments[:4:4] {
		if d.mode != keytrans.ContactMonitoring {
			continue
		}
		key := keytranstest.NewKeys(d.suite, d.mode, "vectors").VRF
		for _, label := range []string{"alice", "", "bob@example.org"} {
			for _, version := range []uint32{0, 1<<32 - 1} {
				alpha := slices.Concat([]byte{byte(len(label))}, []byte(label), binary.BigEndian.AppendUint32(nil, version))
				output, proof := key.Prove(alpha)
				c := vectors.VRF{
					Name: fmt.Sprintf("%v: version %d of %q", d.suite, version, label), Suite: uint16(d.suite), PublicKey: key.Public(),
					Label: []byte(label), Version: version, Alpha: alpha, Proof: proof, Output: ptr(vectors.Hash(output)),
				}
				f.Cases = append(f.Cases, c)
				if label == "alice" {
					f.Cases = append(f.Cases, wrongProofs(c, key)...)
				}
			}
		}
	}
	return f
}

func wrongProofs(c vectors.VRF, key vrf.PrivateKey) (out []vectors.VRF) {
	add := func(name string, proof []byte) {
		wrong := c
		wrong.Name, wrong.Proof, wrong.Output, wrong.Refused = c.Name+": "+name, proof, nil, true
		out = append(out, wrong)
	}
	for _, i := range []int{0, 1, len(c.Proof) - 49, len(c.Proof) - 48, len(c.Proof) - 33, len(c.Proof) - 32, len(c.Proof) - 1} {
		proof := bytes.Clone(c.Proof)
		proof[i] ^= 1
		add(fmt.Sprintf("byte %d changed", i), proof)
	}
	_, other := key.Prove([]byte("another input"))
	add("of another input", other)
	add("a byte missing", c.Proof[:len(c.Proof)-1])
	add("a trailing byte", append(bytes.Clone(c.Proof), 0))
	add("all zero", make([]byte, len(c.Proof)))
	return out
}

package keytrans_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// checkRefusal holds an error against what a vector says has to be refused.
func checkRefusal(t *testing.T, name string, refused bool, err error) {
	t.Helper()
	if (err != nil) != refused {
		t.Errorf("%s: refused %v, got %v", name, refused, err)
	}
}

func TestVectorsConfiguration(t *testing.T) {
	for _, c := range readVectors[vectors.Configuration](t, "configuration").Cases {
		got, err := keytrans.ParseConfiguration(c.Encoding)
		checkRefusal(t, c.Name, c.Refusal != "", err)
		if errors.Is(err, keytrans.ErrMalformed) != (c.Refusal == vectors.Malformed) {
			t.Errorf("%s: %v", c.Name, err)
		}
		if err != nil {
			continue
		}
		want := keytrans.Configuration{
			Suite: keytrans.CipherSuite(c.Suite), Mode: keytrans.DeploymentMode(c.Mode),
			SignaturePublicKey: c.SignaturePublicKey, VRFPublicKey: c.VRFPublicKey, LeafPublicKey: c.LeafPublicKey,
			MaxAuditorLag: c.MaxAuditorLag, AuditorStartPos: c.AuditorStartPos, AuditorPublicKey: c.AuditorPublicKey,
			MaxAhead: c.MaxAhead, MaxBehind: c.MaxBehind, ReasonableMonitoringWindow: c.Window, MaximumLifetime: c.MaximumLifetime,
		}
		if text(t, got) != text(t, want) {
			t.Errorf("%s: %+v, want %+v", c.Name, got, want)
		}
		checkEncoding(t, c.Name, c.Encoding, want.Marshal)
	}
}

func checkEncoding(t *testing.T, name string, want []byte, marshal func() ([]byte, error)) {
	t.Helper()
	if got, err := marshal(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %v, encodes to %x, want %x", name, err, got, want)
	}
}

// request makes the request that a vector describes, and parses its encoding.
func request(c *vectors.Request) (made interface{ Marshal() ([]byte, error) }, parsed any, err error) {
	var entries []keytrans.MonitorMapEntry
	for _, e := range c.Entries {
		entries = append(entries, keytrans.MonitorMapEntry(e))
	}
	var values [][]byte
	var signed []keytrans.UpdateValue
	for _, v := range c.Values {
		values = append(values, v.Value)
		signed = append(signed, keytrans.UpdateValue{Value: v.Value, Signature: v.Signature})
	}
	switch c.Type {
	case "SearchRequest":
		made = &keytrans.SearchRequest{Last: c.Last, Label: c.Label, Version: c.Version}
		parsed, err = keytrans.ParseSearchRequest(c.Encoding)
	case "ContactMonitorRequest":
		made = &keytrans.ContactMonitorRequest{Last: c.Last, Label: c.Label, Entries: entries}
		parsed, err = keytrans.ParseContactMonitorRequest(c.Encoding)
	case "OwnerInitRequest":
		made = &keytrans.OwnerInitRequest{Last: c.Last, Label: c.Label, Start: c.Start}
		parsed, err = keytrans.ParseOwnerInitRequest(c.Encoding)
	case "OwnerMonitorRequest":
		made = &keytrans.OwnerMonitorRequest{Last: c.Last, Label: c.Label, Entries: entries, Start: c.Start, GreatestVersion: c.GreatestVersion}
		parsed, err = keytrans.ParseOwnerMonitorRequest(c.Encoding)
	case "UpdateRequest":
		made = &keytrans.UpdateRequest{Last: c.Last, Label: c.Label, GreatestVersion: c.GreatestVersion, Values: values}
		parsed, err = keytrans.ParseUpdateRequest(c.Encoding)
	case "DistinguishedRequest":
		made = &keytrans.DistinguishedRequest{Last: c.Last, Stop: c.Stop}
		parsed, err = keytrans.ParseDistinguishedRequest(c.Encoding)
	case "ManagerUpdateRequest":
		made = &keytrans.ManagerUpdateRequest{
			Last: c.Last, Label: c.Label, GreatestVersion: c.GreatestVersion, Values: signed, SignedVersion: c.SignedVersion,
		}
		parsed, err = keytrans.ParseManagerUpdateRequest(c.Encoding)
	default:
		err = errors.New("unknown type " + c.Type)
	}
	return made, parsed, err
}

func TestVectorsRequests(t *testing.T) {
	for _, c := range readVectors[vectors.Request](t, "requests").Cases {
		made, parsed, err := request(&c)
		checkRefusal(t, c.Name, c.Refusal != "", err)
		if c.Refusal != "" && !errors.Is(err, keytrans.ErrMalformed) {
			t.Errorf("%s: %v", c.Name, err)
		}
		if c.Refusal != "" || err != nil {
			continue
		}
		checkEncoding(t, c.Name, c.Encoding, made.Marshal)
		checkEncoding(t, c.Name+", parsed", c.Encoding, parsed.(interface{ Marshal() ([]byte, error) }).Marshal)
	}
}

func TestVectorsSignatures(t *testing.T) {
	f := readVectors[vectors.Signed](t, "signatures")
	for _, c := range f.Cases {
		cfg, err := keytrans.ParseConfiguration(f.Logs[c.Log])
		fatalIfErr(t, err)
		var root merkle.Hash
		if c.Root != nil {
			root = merkle.Hash(*c.Root)
		}
		key := recorder{public: c.PublicKey}
		switch c.Structure {
		case "TreeHeadTBS":
			_, _ = keytrans.SignTreeHead(cfg, &key, c.TreeSize, root)
			err = keytrans.VerifyTreeHead(cfg, &keytrans.TreeHead{TreeSize: c.TreeSize, Signature: c.Signature}, root)
		case "AuditorTreeHeadTBS":
			_, _ = keytrans.SignAuditorTreeHead(cfg, &key, c.Timestamp, c.TreeSize, root)
			head := &keytrans.AuditorTreeHead{Timestamp: c.Timestamp, TreeSize: c.TreeSize, Signature: c.Signature}
			err = keytrans.VerifyAuditorTreeHead(cfg, head, root)
		case "UpdateTBS":
			_, _ = keytrans.SignUpdate(cfg, &key, c.Label, c.Version, c.Value)
			err = keytrans.VerifyUpdate(cfg, c.Label, c.Version, keytrans.UpdateValue{Value: c.Value, Signature: c.Signature})
		default:
			t.Fatalf("unknown structure %s", c.Structure)
		}
		if !bytes.Equal(key.signed, c.TBS) {
			t.Errorf("%s: %x is signed, want %x", c.Name, key.signed, c.TBS)
		}
		if errors.Is(err, keytrans.ErrSignature) != (c.Refusal == vectors.Signature) || err != nil && c.Refusal == "" {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// recorder is a signing key that keeps what it is asked to sign.
type recorder struct{ public, signed []byte }

func (r *recorder) Public() []byte { return r.public }

func (r *recorder) Sign(message []byte) ([]byte, error) {
	r.signed = message
	return nil, errors.New("it only records")
}

func TestVectorsCommitment(t *testing.T) {
	for _, c := range readVectors[vectors.Commitment](t, "commitment").Cases {
		value := keytrans.UpdateValue{Value: c.Value, Signature: c.Signature}
		err := keytrans.VerifyCommitment(keytrans.DeploymentMode(c.Mode), merkle.Hash(c.Commitment), keytrans.Opening(c.Opening), c.Label, c.Version, value)
		checkRefusal(t, c.Name, c.Refused, err)
		if err != nil && !errors.Is(err, keytrans.ErrCommitment) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestVectorsVRF(t *testing.T) {
	for _, c := range readVectors[vectors.VRF](t, "vrf").Cases {
		parse := vrf.ParseEd25519PublicKey
		if keytrans.CipherSuite(c.Suite) == keytrans.KT_128_SHA256_P256 {
			parse = vrf.ParseP256PublicKey
		}
		key, err := parse(c.PublicKey)
		fatalIfErr(t, err)
		checkEncoding(t, c.Name, c.Alpha, func() ([]byte, error) { return keytrans.VRFInput(c.Label, c.Version) })
		output, err := key.Verify(c.Alpha, c.Proof)
		checkRefusal(t, c.Name, c.Refused, err)
		if err == nil && vectors.Hash(output) != *c.Output {
			t.Errorf("%s: output %x", c.Name, output)
		}
	}
}

func TestVectorsAuditorUpdate(t *testing.T) {
	kinds := make(map[string]int)
	for _, c := range readVectors[vectors.AuditorUpdate](t, "auditor-update").Cases {
		got, err := vectors.Replay(c.Previous, c.Update)
		if kind := vectors.AuditorRefusal(err); kind != c.Refusal {
			t.Errorf("%s: %q, want %q: %v", c.Name, kind, c.Refusal, err)
		}
		kinds[c.Refusal]++
		if c.Refusal == "" && (got.Timestamp != c.Entry.Timestamp || vectors.Hash(got.PrefixTree) != c.Entry.PrefixTree) {
			t.Errorf("%s: %+v, want %+v", c.Name, got, c.Entry)
		}
	}
	for _, kind := range []string{"", vectors.Malformed, "invalid", "undetermined"} {
		if kinds[kind] == 0 {
			t.Errorf("no case is refused as %q", kind)
		}
	}
}

func TestVectorsAuditor(t *testing.T) {
	f := readVectors[vectors.AuditorRun](t, "auditor")
	for _, c := range f.Cases {
		a, step, err := c.Audit(f.Logs[c.Log])
		fatalIfErr(t, err)
		root, err := a.Root()
		fatalIfErr(t, err)
		if step != c.Step || a.Size() != c.Size || a.Timestamp() != c.Timestamp || vectors.Hash(root) != *c.Root {
			t.Errorf("%s: step %d, %d entries up to %d, root %x", c.Name, step, a.Size(), a.Timestamp(), root)
		}
	}
}

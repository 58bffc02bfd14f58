package keyset

import "testing"

// TestTwoCertificates checks that a certificate with another one behind it is not taken
// for the first: who reads keyrings would encrypt to both.
func TestTwoCertificates(t *testing.T) {
	one, other := certificateKey(t, newEntity(t, at(born))), certificateKey(t, newEntity(t, at(born)))
	both := Key{Format: FormatOpenPGP, Data: append(append([]byte(nil), one.Data...), other.Data...)}
	if both.Fingerprint() == one.Fingerprint() {
		t.Error("the fingerprint is that of the first certificate")
	}
	if both.Check() == nil {
		t.Error("Check passes it")
	}
	if d := both.Summary(); len(d.Weak) != 1 || d.Weak[0] != "malformed" {
		t.Errorf("%+v", d)
	}
}

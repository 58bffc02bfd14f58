package keyset

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// told is a Description of a key with these bytes, written "format:data", then
// "name", then purposes, with slashes between.
func told(t *testing.T, text string) Description {
	t.Helper()
	parts := strings.Split(text, "/")
	format, data, _ := strings.Cut(parts[0], ":")
	d := Description{Format: format, Fingerprint: "f" + data, SHA256: "s" + text}
	if id, _, updated := strings.Cut(data, "'"); updated {
		d.Fingerprint = "f" + id
	}
	if len(parts) > 1 {
		d.Name = parts[1]
	}
	if len(parts) > 2 {
		d.Purposes = parts[2:]
	}
	return d
}

// written is the reverse of told, of a list.
func written(list []Description) string {
	var s []string
	for _, d := range list {
		s = append(s, strings.TrimPrefix(d.SHA256, "s"))
	}
	return strings.Join(s, " ")
}

func writtenChanges(list []Change) string {
	var s []string
	for _, c := range list {
		s = append(s, written([]Description{c.Old})+">"+written([]Description{c.New}))
	}
	return strings.Join(s, " ")
}

func TestDiff(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new                          string
		added, removed, replaced, updated string
		unchanged                         string
	}{
		"nothing":          {},
		"from nothing":     {new: "SSH:a SSH:b", added: "SSH:a SSH:b"},
		"to nothing":       {old: "SSH:a SSH:b", removed: "SSH:a SSH:b"},
		"reordered":        {old: "SSH:a SSH:b", new: "SSH:b SSH:a", unchanged: "SSH:b SSH:a"},
		"updated":          {old: "OpenPGP:a", new: "OpenPGP:a'2", updated: "OpenPGP:a>OpenPGP:a'2"},
		"renamed":          {old: "SSH:a/pc", new: "SSH:a/laptop", updated: "SSH:a/pc>SSH:a/laptop"},
		"same fingerprint": {old: "SSH:a/pc", new: "X25519:a/pc", removed: "SSH:a/pc", added: "X25519:a/pc"},
		"rotated":          {old: "SSH:a/pc", new: "SSH:b/pc", replaced: "SSH:a/pc>SSH:b/pc"},
		"rotated among others": {old: "SSH:a/pc SSH:b/phone SSH:c", new: "SSH:c SSH:d/phone SSH:a/pc",
			unchanged: "SSH:c SSH:a/pc", replaced: "SSH:b/phone>SSH:d/phone"},
		"both rotated": {old: "SSH:a/pc SSH:b/phone", new: "SSH:c/pc SSH:d/phone", replaced: "SSH:a/pc>SSH:c/pc SSH:b/phone>SSH:d/phone"},
		"another device": {old: "SSH:a/pc", new: "SSH:b/phone",
			removed: "SSH:a/pc", added: "SSH:b/phone"},
		"name given on rotation": {old: "SSH:a", new: "SSH:b/pc", removed: "SSH:a", added: "SSH:b/pc"},
		"no names":               {old: "OpenPGP:a", new: "OpenPGP:b", replaced: "OpenPGP:a>OpenPGP:b"},
		"no names, other purposes": {old: "X25519:a//messaging", new: "X25519:b//encryption",
			removed: "X25519:a//messaging", added: "X25519:b//encryption"},
		"no names, two came":        {old: "OpenPGP:a", new: "OpenPGP:b OpenPGP:c", removed: "OpenPGP:a", added: "OpenPGP:b OpenPGP:c"},
		"no names, two went":        {old: "OpenPGP:a OpenPGP:b", new: "OpenPGP:c", removed: "OpenPGP:a OpenPGP:b", added: "OpenPGP:c"},
		"a named one beside":        {old: "SSH:a", new: "SSH:b SSH:c/pc", removed: "SSH:a", added: "SSH:b SSH:c/pc"},
		"a named one rotated too":   {old: "SSH:a SSH:b/pc", new: "SSH:c SSH:d/pc", replaced: "SSH:a>SSH:c SSH:b/pc>SSH:d/pc"},
		"two of a name came":        {old: "SSH:a/pc", new: "SSH:b/pc SSH:c/pc", removed: "SSH:a/pc", added: "SSH:b/pc SSH:c/pc"},
		"two of a name went":        {old: "SSH:a/pc SSH:b/pc", new: "SSH:c/pc", removed: "SSH:a/pc SSH:b/pc", added: "SSH:c/pc"},
		"two of a name, by purpose": {old: "SSH:a/pc/signing SSH:b/pc/authentication", new: "SSH:c/pc/authentication SSH:d/pc/signing", replaced: "SSH:b/pc/authentication>SSH:c/pc/authentication SSH:a/pc/signing>SSH:d/pc/signing"},
		"purpose changed":           {old: "SSH:a/pc/signing", new: "SSH:b/pc/authentication", replaced: "SSH:a/pc/signing>SSH:b/pc/authentication"},
		"to post-quantum":           {old: "X25519:a/phone", new: "ML-KEM-768:b/phone", replaced: "X25519:a/phone>ML-KEM-768:b/phone"},
		"to post-quantum, no names": {old: "X25519:a", new: "ML-KEM-768:b", removed: "X25519:a", added: "ML-KEM-768:b"},
		"key pair of one device": {old: "Ed25519:a/phone X25519:b/phone", new: "Ed25519:c/phone X25519:d/phone",
			replaced: "Ed25519:a/phone>Ed25519:c/phone X25519:b/phone>X25519:d/phone"},
		"two formats of a family": {old: "Ed25519:a/phone P-256:b/phone", new: "Ed25519:c/phone P-256:d/phone",
			replaced: "Ed25519:a/phone>Ed25519:c/phone P-256:b/phone>P-256:d/phone"},
		"two of a family came": {old: "X25519:a/phone", new: "ML-KEM-768:b/phone ML-KEM-1024:c/phone",
			removed: "X25519:a/phone", added: "ML-KEM-768:b/phone ML-KEM-1024:c/phone"},
		"not of one family": {old: "X25519:a/phone", new: "Ed25519:b/phone", removed: "X25519:a/phone", added: "Ed25519:b/phone"},
		"updated beats replaced": {old: "OpenPGP:a OpenPGP:b", new: "OpenPGP:a'2 OpenPGP:c",
			updated: "OpenPGP:a>OpenPGP:a'2", replaced: "OpenPGP:b>OpenPGP:c"},
		"twice in one list": {old: "SSH:a SSH:a", new: "SSH:a", unchanged: "SSH:a", removed: "SSH:a"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Diff(tellAll(t, tt.old), tellAll(t, tt.new))
			for _, check := range []struct{ what, got, want string }{
				{"added", written(d.Added), tt.added},
				{"removed", written(d.Removed), tt.removed},
				{"replaced", writtenChanges(d.Replaced), tt.replaced},
				{"updated", writtenChanges(d.Updated), tt.updated},
				{"unchanged", written(d.Unchanged), tt.unchanged},
			} {
				if check.got != check.want {
					t.Errorf("%s: %q, want %q", check.what, check.got, check.want)
				}
			}
		})
	}
}

func tellAll(t *testing.T, text string) []Description {
	var list []Description
	for _, s := range strings.Fields(text) {
		list = append(list, told(t, s))
	}
	return list
}

// TestDiffOfSets compares real keys.
func TestDiffOfSets(t *testing.T) {
	raw := func(first byte, name string) Key {
		return Key{Format: FormatX25519, Data: count(first, 32), Name: name}
	}
	cert := unhex(t, rfc9580Primary)
	old := Set{Keys: []Key{raw(1, ""), raw(2, "pc"), {Format: FormatOpenPGP, Data: bytes.Clone(cert)}}}
	phone := raw(4, "phone")
	phone.Attributes = []Extension{PurposeAttribute(PurposeMessaging)}
	now := Set{Keys: []Key{raw(1, "named"), raw(3, "pc"), {Format: FormatOpenPGP, Data: append(cert, 0xcd, 0)}, phone}}
	d := Diff(old.Summary(), now.Summary())
	if len(d.Updated) != 2 || d.Updated[0].New.Name != "named" || d.Updated[1].New.Fingerprint != rfc9580Fingerprint {
		t.Errorf("updated %v", d.Updated)
	}
	if len(d.Replaced) != 1 || d.Replaced[0].Old.SHA256 != raw(2, "pc").Summary().SHA256 || d.Replaced[0].New.SHA256 != raw(3, "pc").Summary().SHA256 {
		t.Errorf("replaced %v", d.Replaced)
	}
	if len(d.Added) != 1 || len(d.Removed) != 0 || !reflect.DeepEqual(d.Added[0].Purposes, []string{"messaging"}) {
		t.Errorf("added %v, removed %v", d.Added, d.Removed)
	}
}

func TestStatus(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := Description{Description: "SSH key"}
	if d.Status(at) != "" || d.Line(at) != "SSH key" {
		t.Errorf("%q, %q", d.Status(at), d.Line(at))
	}
	d.Expires = &at
	for _, tt := range []struct {
		after        time.Duration
		status, line string
	}{
		{-time.Second, "", "SSH key"},
		{0, "", "SSH key"},
		{1, "expired", "SSH key [expired 2026-01-02]"},
		{time.Hour, "expired", "SSH key [expired 2026-01-02]"},
	} {
		if got := d.Status(at.Add(tt.after)); got != tt.status {
			t.Errorf("%v after: status %q", tt.after, got)
		}
		if got := d.Line(at.Add(tt.after)); got != tt.line {
			t.Errorf("%v after: %q", tt.after, got)
		}
	}
	d.Revoked, d.Weak = true, []string{"rsa-1024", "dsa"}
	if d.Status(at) != "revoked" || d.Line(at) != "SSH key [revoked] [weak: rsa-1024, dsa]" {
		t.Errorf("%q, %q", d.Status(at), d.Line(at))
	}
}

// TestDescriptionJSON reads a Description as it was written before there were
// purposes, expiry, revocation and weaknesses, and writes the same.
func TestDescriptionJSON(t *testing.T) {
	const before = `{"format":"SSH","fingerprint":"SHA256:x","name":"pc","description":"SSH ssh-ed25519","sha256":"00"}`
	var d Description
	fatalIfErr(t, json.Unmarshal([]byte(before), &d))
	after, err := json.Marshal(d)
	fatalIfErr(t, err)
	if string(after) != before {
		t.Errorf("%s", after)
	}
}

func TestPurposes(t *testing.T) {
	k := Key{Format: FormatX25519, Data: count(0, 32)}
	if k.Purposes() != nil || k.Summary().Purposes != nil {
		t.Error("purposes without an attribute")
	}
	k.Attributes = []Extension{PurposeAttribute(PurposeMessaging, 99, PurposeSigning, PurposeMessaging)}
	if want := []Purpose{PurposeSigning, PurposeMessaging, 99}; !reflect.DeepEqual(k.Purposes(), want) {
		t.Errorf("%v", k.Purposes())
	}
	if want := []string{"signing", "messaging", "purpose-99"}; !reflect.DeepEqual(k.Summary().Purposes, want) {
		t.Errorf("%v", k.Summary().Purposes)
	}
	for _, bad := range []string{"", "\x00", "\x00\x01", "\x02\x01", "\x01\x01"} {
		k.Attributes = []Extension{{Type: AttributePurpose, Data: []byte(bad)}}
		if k.Purposes() != nil || k.Summary().Purposes != nil {
			t.Errorf("%x: %v", bad, k.Purposes())
		}
	}
	if got := Purpose(0).String(); got != "purpose-0" {
		t.Error(got)
	}
}

func TestSetExtension(t *testing.T) {
	set := Set{Extensions: []Extension{{Type: ExtensionAccountSignature, Data: []byte("s")}, {Type: ExtensionAccountKey, Data: nil}}}
	if data, ok := set.Extension(ExtensionAccountSignature); !ok || string(data) != "s" {
		t.Errorf("%q, %v", data, ok)
	}
	if _, ok := set.Extension(ExtensionAccountKey); !ok {
		t.Error("an empty extension is not found")
	}
	if _, ok := set.Extension(ExtensionResetAnnouncement); ok {
		t.Error("an extension that is not there")
	}
}

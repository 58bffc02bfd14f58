package main

import (
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// TestPublishFiles publishes the keys of several files, which name a device and say what
// they are for.
func TestPublishFiles(t *testing.T) {
	x := newTerminal(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	ssh, recipients := x.file(sshKey), x.file(identity.Recipient().String()+"\n"+identity.Recipient().String()+"\n")

	x.kt(exitOK, "publish", alice, ssh, recipients, ssh)
	set := x.keys(exitOK, 2)
	if set.Keys[0].Format != keyset.FormatSSH || set.Keys[0].Name != "laptop" || set.Keys[1].Format != keyset.FormatAge {
		t.Errorf("%+v", set.Keys)
	}
	x.kt(exitOK, "publish", alice, ssh, recipients, "--device", "my phone", "--purpose", "signing,encryption", "--purpose", "signing")
	for _, k := range x.keys(exitAttention, 2).Keys {
		if s := k.Summary(); s.Name != "my phone" || strings.Join(s.Purposes, " ") != "signing encryption" {
			t.Errorf("%+v", s)
		}
	}
	x.kt(exitOK, "publish", alice, ssh)
	x.keys(exitAttention, 1)

	// What a JWK says it is for is what it says, unless --purpose does.
	jwk := x.file(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig"}`)
	for purpose, args := range map[string][]string{"signing": nil, "authentication": {"--purpose", "authentication"}} {
		x.kt(exitOK, append([]string{"publish", alice, jwk}, args...)...)
		if got := x.keys(exitAttention, 1).Keys[0].Summary().Purposes; strings.Join(got, " ") != purpose {
			t.Errorf("with %q the key is for %q", args, got)
		}
	}
}

// keys looks up Alice's keys, and requires how many these are.
func (x *terminal) keys(code, n int) keyset.Set {
	x.Helper()
	out, _ := x.kt(code, "lookup", alice, "--raw")
	set, err := keyset.Parse([]byte(out))
	if err != nil || len(set.Keys) != n {
		x.Fatalf("%d keys, want %d: %v", len(set.Keys), n, err)
	}
	return set
}

func TestPublishFilesWrongly(t *testing.T) {
	x := newTerminal(t)
	x.stdin = sshKey
	ssh := x.file(sshKey)
	for _, tt := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "one file", []string{ssh, ssh, "--raw"}},
		{exitUsage, "--raw is for", []string{ssh, "--raw", "--device", "phone"}},
		{exitUsage, "--raw is for", []string{ssh, "--raw", "--purpose", "signing"}},
		{exitUsage, `"chatting" is not one of signing`, []string{ssh, "--purpose", "chatting"}},
		{exitUsage, "U+202E", []string{ssh, "--device", "a\u202eb"}},
		{exitUsage, "at most 255", []string{ssh, "--device", strings.Repeat("n", 256)}},
		{exitUsage, "only once", []string{"-", "-"}},
		{exitOperational, "no such file", []string{ssh, x.file("") + "s"}},
		{exitOperational, "PRIVATE", []string{ssh, x.file("AGE-SECRET-KEY-1" + strings.Repeat("Q", 58) + "\n")}},
	} {
		_, stderr := x.kt(tt.code, append([]string{"publish", alice}, tt.args...)...)
		x.contains(stderr, tt.want)
	}
	x.kt(exitAbsent, "lookup", alice)
}

package station

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
)

// complete returns a folder with all files that the configuration named everything
// names, and a program.
func complete(t testing.TB) string {
	t.Helper()
	dir := folder(t)
	d := clienttest.New()
	public, err := monitor.CreateAuditorKey(filepath.Join(dir, "key"), d.Configuration().Suite)
	if err != nil {
		t.Fatal(err)
	}
	audited := *d.Configuration()
	audited.Mode, audited.AuditorPublicKey, audited.MaxAuditorLag = keytrans.ThirdPartyAuditing, public, 3_600_000
	data, err := audited.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "audited", base64.StdEncoding.EncodeToString(data))
	if _, err := witness.CreateKey(filepath.Join(dir, "witness.key"), "example.org/witness"); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "secret", "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n")
	write(t, dir, "empty.policy", "quorum none\n")
	if err := os.Chmod(write(t, dir, "on-alert", "#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

var checked = strings.NewReplacer("url: http://127.0.0.1:8080\n    configuration: configuration", "url: http://127.0.0.1:8080\n    configuration: audited").Replace(everything)

func TestCheckFiles(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"right", "x", "x", ""},
		{"program in the folder", "/bin/true", "./on-alert", ""},
		{"program in PATH", "/bin/true", "true", ""},
		{"no such program", "/bin/true", "./missing", "missing: no such file"},
		{"program that is none", "/bin/true", "./secret", "permission denied"},
		{"policy without a log", "policy: policy", "policy: empty.policy", "directories[0] one: policy: empty.policy: the policy names no log"},
		{"witness of no log", "witness.key}", "witness.key, logs: [empty.policy]}", "witness: logs: the policy names no log"},
		{"no key of a witness", "witness: {key: witness.key}", "witness: {key: missing}", "missing: no such file"},
		{"key of a witness that is none", "witness: {key: witness.key}", "witness: {key: secret}", "not a witness's key"},
		{"no auditor's key", "key: key}", "key: missing}", "directories[1] two: audit: "},
		{"no auditor", "configuration: audited", "configuration: configuration", "directories[1] two: audit: the configuration"},
		{"webhook without its secret", "secret: secret", "secret: missing", "missing: no such file"},
		{"secret that is none", "secret: secret", "secret: policy", "webhook-1"},
		{"http elsewhere", "url: https://example.org/hook", "url: http://example.org/hook", "use https"},
		{"mail without TLS", "127.0.0.1:25", "mail.example.org:25", "use starttls"},
		{"not an address", "[b@example.org]", "[b]", "not an e-mail address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := ReadConfig(write(t, complete(t), "ktmon.yaml", strings.Replace(checked, c.from, c.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir("/") // paths are not relative to where this runs
			err = cfg.CheckFiles()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestCheckFilesTellsAll has two mistakes.
func TestCheckFilesTellsAll(t *testing.T) {
	text := strings.NewReplacer("secret: secret", "secret: missing", "witness: {key: witness.key}", "witness: {key: none}").Replace(checked)
	cfg, err := ReadConfig(write(t, complete(t), "ktmon.yaml", text))
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.CheckFiles()
	if err == nil || !strings.Contains(err.Error(), "missing: no such file") || !strings.Contains(err.Error(), "none: no such file") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with both", err)
	}
}

package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

func TestInit(t *testing.T) {
	for _, suite := range []string{"ed25519", "p256"} {
		dir := filepath.Join(t.TempDir(), "a", "dir")
		var out initOutput
		ktd(t, "init", dir, "--suite", suite, "--maximum-lifetime", "2000h", "--json").exits(exitOK).json(&out)
		encoded, err := base64.StdEncoding.DecodeString(out.Configuration)
		fatalIfErr(t, err)
		c, err := keytrans.ParseConfiguration(encoded)
		fatalIfErr(t, err)
		if c.MaximumLifetime == nil || *c.MaximumLifetime != 2000*3600*1000 || c.MaxBehind != 3600*1000 {
			t.Errorf("configuration %+v", c)
		}
		if out.SchemaVersion != 1 || out.Suite != c.Suite.String() {
			t.Errorf("output %+v", out)
		}
		inst, err := instance.Open(dir, instance.Options{})
		fatalIfErr(t, err)
		again, err := inst.Directory.Configuration().Marshal()
		fatalIfErr(t, err)
		if string(again) != string(encoded) {
			t.Error("the directory runs with another configuration than init told of")
		}
		fatalIfErr(t, inst.Close())
		for file, mode := range map[string]os.FileMode{
			".": 0o700, "signing.key": 0o600, "vrf.key": 0o600, "registration-token": 0o600,
			"checkpoint.key": 0o600, "tokens": 0o600, "config.json": 0o600, "db": 0o700,
		} {
			info, err := os.Stat(filepath.Join(dir, file))
			fatalIfErr(t, err)
			if info.Mode().Perm() != mode {
				t.Errorf("%s has mode %o, want %o", file, info.Mode().Perm(), mode)
			}
		}
	}
}

func TestInitText(t *testing.T) {
	dir := t.TempDir() // empty, and open to others
	fatalIfErr(t, os.Chmod(dir, 0o755))
	r := ktd(t, "init", dir).exits(exitOK)
	for _, want := range []string{filepath.Join(dir, "registration-token"), "ktd serve " + dir} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("standard output does not name %s:\n%s", want, r.stdout)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	token := strings.TrimSpace(read(t, filepath.Join(dir, "registration-token")))
	if strings.Contains(r.stdout, token) || strings.Contains(read(t, filepath.Join(dir, "tokens")), token) {
		t.Error("the token is where it should not be")
	}
}

func TestInitTwice(t *testing.T) {
	dir := newDir(t)
	before := read(t, filepath.Join(dir, "signing.key"))
	ktd(t, "init", dir).exits(exitFailed, "not empty", "hint:")
	if read(t, filepath.Join(dir, "signing.key")) != before {
		t.Error("the second init changed the key")
	}
	other := t.TempDir()
	write(t, filepath.Join(other, "thesis.tex"), "x")
	ktd(t, "init", other).exits(exitFailed, "not empty")
	ktd(t, "init", filepath.Join(other, "thesis.tex")).exits(exitFailed)
	ktd(t, "init", filepath.Join(t.TempDir(), "d"), "--maximum-lifetime", "1h").
		exits(exitFailed, "maximum_lifetime: 1h is not more than reasonable_monitoring_window, 24h")
	ktd(t, "init", filepath.Join(t.TempDir(), "d"), "--maximum-lifetime", "48h", "--reset-wait", "48h").
		exits(exitFailed, "reset_wait: 48h is not less than maximum_lifetime, 48h")
	ktd(t, "init", filepath.Join(t.TempDir(), "d"), "--account-keys", "perhaps").exits(exitUsage, "it is enforce or off")
	short := newDir(t, "--maximum-lifetime", "48h")
	if !strings.Contains(read(t, filepath.Join(short, "config.json")), `"reset_wait": "24h"`) {
		t.Error("the waiting time is not half of the maximum lifetime")
	}
}

// TestInterruptedInit has everything but config.json, which comes last.
func TestInterruptedInit(t *testing.T) {
	dir := newDir(t)
	fatalIfErr(t, os.Remove(filepath.Join(dir, "config.json")))
	ktd(t, "serve", dir).exits(exitFailed, "no config.json", "ktd init DIR")
	ktd(t, "token", dir, "x").exits(exitFailed, "no config.json")
	ktd(t, "init", dir).exits(exitFailed, "not empty", "interrupted")
	ktd(t, "serve", filepath.Join(dir, "absent")).exits(exitFailed, "no config.json")
}

func TestBadConfig(t *testing.T) {
	dir := newDir(t)
	path := filepath.Join(dir, "config.json")
	good := read(t, path)
	for _, c := range []struct{ old, new, text string }{
		{`"listen"`, `"lissten"`, `unknown field "lissten"`},
		{`"version": 1`, `"version": 2`, "version: 2 is not known"},
		{`"ed25519"`, `"rsa"`, `suite: "rsa" is not known`},
		{`"contact-monitoring"`, `"no-mode"`, "mode: "},
		{`"max_behind": "1h"`, `"max_behind": "soon"`, `"soon" is not a duration`},
		{`"max_behind": "1h"`, `"max_behind": 3600`, "max_behind: a JSON number does not fit"},
		{`"max_behind": "1h"`, `"max_behind": "10m"`, "heartbeat: 15m is not less than max_behind, 10m"},
		{`"max_behind": "1h"`, `"max_behind": "0s"`, "max_behind: 0s is less"},
		{`"none"`, `"24h"`, "maximum_lifetime: 24h is not more"},
		{`"enforce"`, `"maybe"`, `account_keys: "maybe" is not known`},
		{`"reset_wait": "72h"`, `"reset_wait": "1"`, `"1" is not a duration`},
		{`"127.0.0.1:8480"`, `"8480"`, `listen: "8480" is not HOST:PORT`},
		{`"max_epoch": 10000`, `"max_epoch": -1`, "max_epoch: -1 is less than 1"},
		{`"max_epoch": 10000`, `"max_epoch": 10000000`, "max_epoch: 10000000 is more than"},
		{`"max_epoch": 10000`, `"max_epoch": "many"`, "max_epoch: a JSON string does not fit"},
		{`"tree_cache_bytes": 134217728`, `"tree_cache_bytes": 1`, "tree_cache_bytes: 1 is less"},
		{`"version": 1,`, `"version": 1`, "byte "},
		{`"serve": true`, `"serve": "yes"`, "view.serve: a JSON string does not fit"},
		{`"monitors": []`, `"monitors": [{"name": "x", "url": "ftp://x"}]`, `view.monitors[0]: "ftp://x" is not an http`},
		{`"name": ""`, `"name": "` + strings.Repeat("x", 101) + `"`, "view.name: it has more than 100 bytes"},
		{"\n}\n", "} {}", "something after the configuration"},
		{good, "", "EOF"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s is not in the configuration:\n%s", c.old, good)
		}
		write(t, path, bad)
		ktd(t, "serve", dir).exits(exitFailed, path, c.text)
	}
	write(t, path, "{}") // is all defaults
	inst, err := instance.Open(dir, instance.Options{})
	fatalIfErr(t, err)
	if !strings.Contains(good, `"origin": "`+inst.Config.Origin+`"`) {
		t.Errorf("the default origin is %q, in %s", inst.Config.Origin, good)
	}
	if c := inst.Config; c.AccountKeys != instance.AccountKeysEnforce || c.ResetWait != instance.DefaultResetWait {
		t.Errorf("account keys by default: %v, %v", c.AccountKeys, c.ResetWait)
	}
	fatalIfErr(t, inst.Close())
}

func TestBadKeys(t *testing.T) {
	dir := newDir(t)
	signing, vrf := filepath.Join(dir, "signing.key"), filepath.Join(dir, "vrf.key")
	good := read(t, signing)
	secret := strings.Split(good, "\n")[1]
	serve := func(texts ...string) {
		t.Helper()
		r := ktd(t, "serve", dir, "--listen", "127.0.0.1:0").exits(exitFailed, texts...)
		if strings.Contains(r.stderr, secret) {
			t.Error("the error shows the secret")
		}
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o602} {
		fatalIfErr(t, os.Chmod(vrf, mode))
		serve("vrf.key can be accessed by others", "chmod 600 "+vrf)
	}
	fatalIfErr(t, os.Chmod(vrf, 0o600))

	write(t, signing, read(t, vrf)) // swapped
	serve("signing.key", "the first line is not")
	write(t, signing, secret+"\n")
	serve("signing.key", "something else")
	write(t, signing, good[:len(good)-3])
	serve("signing.key", "the second line is not a secret")
	write(t, signing, strings.Replace(good, "Ed25519", "P256", 1))
	serve("the first line is not")
	fatalIfErr(t, os.Remove(signing))
	serve("signing.key")
	write(t, signing, good)
	write(t, filepath.Join(dir, "tokens"), "not a hash\n")
	serve("tokens", "line 1")
}

// TestForeignKeys runs a store with another directory's keys and parameters.
func TestForeignKeys(t *testing.T) {
	dir, other := newDir(t), newDir(t)
	inst, err := instance.Open(dir, instance.Options{})
	fatalIfErr(t, err)
	fatalIfErr(t, inst.Close())
	config := filepath.Join(dir, "config.json")
	good := read(t, config)
	write(t, config, strings.Replace(good, `"24h"`, `"25h"`, 1))
	ktd(t, "serve", dir).exits(exitFailed, "are these the keys and the configuration of this store?")
	write(t, config, good)
	write(t, filepath.Join(dir, "vrf.key"), read(t, filepath.Join(other, "vrf.key")))
	ktd(t, "serve", dir).exits(exitFailed, "are these the keys and the configuration of this store?")
}

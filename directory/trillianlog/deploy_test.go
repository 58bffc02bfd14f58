package trillianlog

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// deploy is where what an operator runs is.
const deploy = "../../deploy/trillian"

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	fatalIfErr(t, err)
	return string(b)
}

// installVersion returns the version of Trillian that install.sh builds.
func installVersion(t *testing.T) string {
	t.Helper()
	version := regexp.MustCompile(`(?m)^version=(v.+)$`).FindStringSubmatch(readFile(t, filepath.Join(deploy, "install.sh")))
	if version == nil {
		t.Fatal("install.sh does not say which version it builds")
	}
	return version[1]
}

// TestDeploy: what the operator's documents say agrees with the scripts, which
// TestTrillian runs, and the version with that of the API.
func TestDeploy(t *testing.T) {
	readme := readFile(t, filepath.Join(deploy, "README.md"))
	version := installVersion(t)
	if !regexp.MustCompile(`github.com/google/trillian ` + regexp.QuoteMeta(version) + `\s`).MatchString(readFile(t, "../../go.mod")) {
		t.Errorf("go.mod requires another version than %s, which install.sh builds", version)
	}
	if !strings.Contains(readme, version) {
		t.Errorf("README.md does not name %s, which install.sh builds", version)
	}
	variable := regexp.MustCompile(`\$\{(TRILLIAN_[A-Z_]+)(:?-[^}]*)\}`)
	names, err := filepath.Glob(filepath.Join(deploy, "*.sh"))
	fatalIfErr(t, err)
	if len(names) != 5 {
		t.Errorf("scripts: %v", names)
	}
	for _, name := range names {
		if script := filepath.Base(name); !strings.Contains(readme, script) {
			t.Errorf("README.md does not have %s", script)
		}
		for _, v := range variable.FindAllStringSubmatch(readFile(t, name), -1) {
			row := "| `" + v[1] + "` | `" + strings.TrimLeft(v[2], ":-") + "` |"
			if !strings.Contains(readme, row) {
				t.Errorf("README.md does not have %s, of %s", row, name)
			}
		}
	}
	for _, unit := range []string{"server", "signer"} {
		name := "trillian-log-" + unit + ".service"
		if !strings.Contains(readFile(t, filepath.Join(deploy, name)), "\nExecStart=/usr/local/lib/ghostlight-trillian/"+unit+".sh\n") ||
			!strings.Contains(readme, name) {
			t.Errorf("%s does not run %s.sh, or README.md does not have it", name, unit)
		}
	}
}

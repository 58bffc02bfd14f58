package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// An ID is the scope of a finding and which alert of that scope it is, such as
// 93f1c2a07be4d518-2. IDs are in public feeds. A hash of a label could be guessed
// there, so that scopes are keyed with a secret of the monitor's.
var idForm = regexp.MustCompile(`^[0-9a-f]{16}-[1-9][0-9]{0,17}$`)

// idKey is the secret.
type idKey []byte

const idKeySize = 32

// scope is what alerts about the same finding have in common. What happened once is
// the same whichever role found it; a condition is a role's own. Evidence is more than
// a report of the same.
func (k idKey) scope(role string, f *finding.Finding) string {
	switch {
	case f.Condition:
		return k.hash("condition", role, f.Key())
	case f.Class == finding.Evidence:
		return k.proven(f)
	}
	return k.hash("once", f.Key())
}

// proven is the scope of a finding that there is evidence of.
func (k idKey) proven(f *finding.Finding) string { return k.hash("proven", f.Key()) }

// hash returns 16 hexadecimal digits.
func (k idKey) hash(parts ...string) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic("alert: strings have no encoding: " + err.Error())
	}
	h := hmac.New(sha256.New, k)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func makeID(scope string, seq uint64) string { return scope + "-" + strconv.FormatUint(seq, 10) }

// splitID returns the parts of an ID.
func splitID(id string) (scope string, seq uint64, err error) {
	if !idForm.MatchString(id) {
		return "", 0, fmt.Errorf("%q is not the ID of an alert, which looks like 93f1c2a07be4d518-1", OneLine(id, 60))
	}
	scope, digits, _ := strings.Cut(id, "-")
	seq, err = strconv.ParseUint(digits, 10, 64)
	return scope, seq, err
}

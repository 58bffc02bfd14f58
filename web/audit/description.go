package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// schemaVersion is the schema_version of the view's objects.
const schemaVersion = 1

// pinned is the Configuration as users compare it.
type pinned struct {
	encoded []byte
	digest  string // SHA-256, in hexadecimal
}

func newPinned(c *keytrans.Configuration) (pinned, error) {
	encoded, err := c.Marshal()
	if err != nil {
		return pinned{}, err
	}
	sum := sha256.Sum256(encoded)
	return pinned{encoded: encoded, digest: hex.EncodeToString(sum[:])}, nil
}

// description is view.json: what the scripts of a page have to know. Nothing of it can
// be believed for being here; a script compares the Configuration with the one that the
// visitor pinned.
type description struct {
	SchemaVersion int `json:"schema_version"`
	// Directory is the base URL of the directory, "" for the root of this origin, and
	// LogPrefix the URL or path of its public log.
	Directory string `json:"directory"`
	LogPrefix string `json:"log_prefix"`
	// Configuration is encoded, and in base64.
	Configuration       []byte `json:"configuration"`
	ConfigurationSHA256 string `json:"configuration_sha256"` // in hexadecimal
	// Origin and VerifierKey are those of the log's checkpoints, Policy the text of the
	// directory's own policy; null if the log has no checkpoints.
	Origin      *string   `json:"origin"`
	VerifierKey *string   `json:"verifier_key"`
	Policy      *string   `json:"policy"`
	Monitors    []Monitor `json:"monitors"`
	Host        Host      `json:"host"`
	// Standalone is the SHA-256 of verify.html, in hexadecimal.
	Standalone string `json:"standalone_sha256"`
}

func (v *View) serveDescription(w http.ResponseWriter, r *http.Request) error {
	d := description{
		SchemaVersion: schemaVersion, Directory: v.cfg.Directory, LogPrefix: v.cfg.LogPrefix,
		Configuration: v.pinned.encoded, ConfigurationSHA256: v.pinned.digest,
		Monitors: append([]Monitor{}, v.cfg.Monitors...), Host: v.cfg.Host, Standalone: v.standalone().SHA256,
	}
	if err := v.describeLog(r.Context(), &d); err != nil {
		return err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	writeTagged(w, r, "application/json", append(body, '\n'))
	return nil
}

// describeLog fills in what is pinned of the public log.
func (v *View) describeLog(ctx context.Context, d *description) error {
	if p := v.cfg.Policy; p != nil {
		text := p.Text()
		d.Policy = &text
		if len(p.Logs) > 0 {
			origin, _, _ := strings.Cut(p.Logs[0].VerifierKey, "+")
			d.Origin, d.VerifierKey = &origin, &p.Logs[0].VerifierKey
		}
		return nil
	}
	p, err := v.cfg.Source.Publication(ctx)
	if err == nil && p != nil {
		d.Origin, d.VerifierKey, d.Policy = &p.Origin, &p.VerifierKey, &p.PolicyText
	}
	return err
}

package audit

import (
	"net/http"

	"github.com/ghostlight-kt/ghostlight/client/label"
)

type lookupData struct {
	Asked    string // as it was typed
	Version  string
	Label    string // as the directory knows it
	Warnings []label.Warning
	Claim    *claim
	Problem  *Problem
}

// lookup shows the form, and what the operator claims when it was sent.
func lookup(v *View, r *http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return lookupData{}, nil
	}
	d := lookupData{Asked: r.PostForm.Get("label"), Version: r.PostForm.Get("version")}
	var err error
	if d.Label, d.Warnings, err = normalized(d.Asked); err == nil {
		var version *uint32
		if version, err = parseVersion(d.Version); err == nil {
			d.Claim, err = v.search(r.Context(), d.Label, version)
		}
	}
	if d.Problem = problemIn(err); d.Problem != nil {
		return d, nil
	}
	return d, err
}

package audit

import (
	"net/http"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

type consistencyData struct {
	Head             Head
	Old, New         uint64
	OldRoot, NewRoot merkle.Hash
	Proof            []merkle.Hash
	Asked            bool
	Problem          *Problem
	OldText, NewText string // as they were typed
}

// consistency shows what the server says proves that one size of the log is the
// beginning of another.
func consistency(v *View, r *http.Request) (any, error) {
	head, err := v.cfg.Source.Head(r.Context())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	d := consistencyData{Head: head, OldText: q.Get("old"), NewText: q.Get("new"), New: head.Size}
	if d.OldText == "" && d.NewText == "" {
		return d, nil
	}
	d.Asked = true
	if err = d.parse(); err == nil {
		err = d.prove(v, r)
	}
	if d.Problem = problemIn(err); d.Problem != nil {
		return d, nil
	}
	return d, err
}

// parse reads the two sizes. A size is one more than the position of its last entry.
func (d *consistencyData) parse() error {
	whole := Head{Size: d.Head.Size + 1}
	var err error
	if d.NewText != "" {
		if d.New, err = parsePosition(d.NewText, whole); err != nil {
			return sizeProblem(d.Head)
		}
	}
	if d.Old, err = parsePosition(d.OldText, whole); err != nil {
		return sizeProblem(d.Head)
	}
	if d.Old == 0 || d.Old > d.New {
		return sizeProblem(d.Head)
	}
	return nil
}

func sizeProblem(head Head) *Problem {
	return badRequest("Give two sizes, the first of at least 1 and at most the second; the log has " + plural(head.Size, "entry", "entries") + ".")
}

func (d *consistencyData) prove(v *View, r *http.Request) error {
	tree, root, err := v.treeAt(r.Context(), d.Head, d.New)
	if err != nil {
		return err
	}
	d.NewRoot = root
	if d.OldRoot, err = tree.RootAt(d.Old); err != nil {
		return err
	}
	d.Proof, err = tree.Consistency(d.Old)
	return err
}

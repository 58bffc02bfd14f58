package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// Client talks to one pinned directory. It keeps nothing in memory between
// calls: each operation locks the state, reads it, and stores it anew after
// every response that was verified; those on many labels store it at the end, and
// every ten seconds. It is safe for concurrent use, also with
// other processes; operations wait for each other, up to Config.LockWait.
type Client struct {
	dir       string // of the state
	directory string
	cfg       Config
}

// Directory returns the base URL of the directory.
func (c *Client) Directory() string { return c.directory }

// StateDir returns the folder with this directory's state and evidence.
func (c *Client) StateDir() string { return c.dir }

// session is one operation: it holds the lock and the state.
type session struct {
	dir       string
	cfg       Config
	transport *transport
	verifier  *keytrans.Verifier
	lock      *fileLock // nil while it is given up
	state     *state    // as it is stored
	previous  *state    // before the configuration was replaced, nil if it was not
	unstored  bool      // store keeps the state in memory only
	deferral  deferral
	// contactsOnly keeps exchanges about contacts only: of other labels nothing is
	// retained that a later answer could contradict.
	contactsOnly bool
	log          *publicLog // see publicLog
	slowLog      bool       // the last settle ran out of time
}

// begin starts an operation. The caller ends it.
func (c *Client) begin(ctx context.Context) (*session, error) {
	lock, err := lockFolder(ctx, c.dir, c.cfg.LockWait)
	if err != nil {
		return nil, lockError(err)
	}
	s := &session{dir: c.dir, cfg: c.cfg, transport: newTransport(c.directory, c.cfg), lock: lock}
	if s.state, err = openState(c.dir); err == nil {
		err = s.pin(s.state.configuration)
	}
	if err == nil {
		err = s.enforcePolicy()
	}
	if err != nil {
		lock.release()
		return nil, err
	}
	return s, nil
}

func lockError(err error) *Error {
	e := fail(Operational, "locking the state", err)
	if errors.Is(err, errLocked) {
		e.Hint = "try again when it has finished"
	}
	return e
}

// end gives the lock up.
func (s *session) end() {
	if s.lock != nil {
		s.lock.release()
		s.lock = nil
	}
}

// enforcePolicy puts the policy of the configuration in force, if there is one,
// and checks that what is asked for can be done under the one in force.
func (s *session) enforcePolicy() error {
	p, err := s.cfg.policy(s.state.directory)
	if err != nil {
		return err
	}
	if stored := s.state.witness; p != nil && (stored == nil || stored.once || !bytes.Equal(p.text, stored.policy.text)) {
		s.state.adHoc = newWitnessing(p, stored, s.state.view, s.cfg.Now())
	}
	in := s.state.inForce()
	switch {
	case in == nil && s.cfg.WaitWitnessed > 0:
		return noPolicy()
	case in != nil && s.state.adHoc == nil:
		if _, err := parseBase("the URL of log "+in.policy.log.Origin, in.policy.url, s.cfg.InsecureHTTP); err != nil {
			return err
		}
	}
	return nil
}

// noPolicy is the error for what takes a witness policy.
func noPolicy() *Error {
	e := usage("there is no witness policy, so nothing says who the witnesses are")
	e.Hint = "give one with --policy FILE, or store it with: kt trust URL --policy FILE"
	return e
}

// pin sets the configuration that everything is verified against.
func (s *session) pin(configuration []byte) error {
	cfg, err := keytrans.ParseConfiguration(configuration)
	if err == nil {
		s.verifier, err = keytrans.NewVerifier(cfg)
	}
	if err != nil {
		return fail(Operational, "reading the pinned configuration", err)
	}
	return nil
}

// query is one request of the protocol.
type query struct {
	operation string
	label     string // empty for operations without one
	request   interface{ Marshal() ([]byte, error) }
	token     string
	once      bool // the request changes something: it is sent once

	// verify verifies the encoded response and makes the changes that follow
	// from it to next, a clone of the state.
	verify func(response []byte, next *state) error
}

// do sends a request, verifies the response and stores what follows from it.
// The state is what it was if any of that fails. The error is an *Error.
func (s *session) do(ctx context.Context, q query) error {
	request, err := q.request.Marshal()
	if err != nil {
		return usage("the request cannot be encoded: %v", err)
	}
	x := exchange{operation: q.operation, label: q.label, request: request, view: s.state.view, proofs: s.state.proofs}
	x.response, err = s.transport.do(ctx, call{
		method: http.MethodPost, path: "/v1/" + q.operation, body: request, token: q.token, once: q.once,
	})
	if err != nil {
		return s.refused(ctx, x, err)
	}
	next := s.state.clone()
	if err := q.verify(x.response, next); err != nil {
		return s.rejected(ctx, x, err)
	}
	if err := s.store(next); err != nil {
		return err
	}
	return s.settleEarly(ctx)
}

// settleEarly settles in the midst of an operation that reads very much, because
// the number of pending entries is bounded. The error is of kind Misbehaved.
func (s *session) settleEarly(ctx context.Context) error {
	// After each response, a log that hangs would hold the operation up anew.
	if in := s.state.inForce(); in == nil || len(in.pending) < maxPendingEntries/2 || s.slowLog {
		return nil
	}
	if _, err := s.settle(ctx); KindOf(err) == Misbehaved {
		return err
	}
	return nil
}

// store makes next the state. Without a stored policy, what is kept under one that
// is in force for this operation is stored too, for the next such operation. The
// error is an *Error.
func (s *session) store(next *state) error {
	if next.adHoc != nil && (next.witness == nil || next.witness.once) {
		kept := *next.adHoc
		kept.once = true
		next.witness = &kept
	}
	switch {
	case s.unstored:
	case s.deferral.defers():
		s.deferral.unsaved = true
	default:
		if err := s.save(next); err != nil {
			return err
		}
	}
	s.state = next
	return nil
}

// refused returns the error for a request that got no response to verify.
func (s *session) refused(ctx context.Context, x exchange, err error) error {
	step := "asking for " + x.operation
	var p *Problem
	if !errors.As(err, &p) {
		kind := Undecided
		if isCanceled(err) {
			kind = Operational
		}
		return fail(kind, step, err)
	}
	if p.aboutLast() {
		if fork := s.checkFork(ctx, x); fork != nil {
			return fork
		}
		e := fail(Undecided, step, fmt.Errorf("%w: %w", ErrRolledBack, err))
		e.Hint = "the directory shows fewer log entries than before: an old copy of its data, or an attempt to take something back; ask its operator"
		return e
	}
	e := fail(p.kind(), step, err)
	switch {
	case p.Type == ProblemUnknownLabel:
		e.Err = fmt.Errorf("the directory says it does not know this label; that is not proven: %w", err)
	case p.Type == ProblemNoSuchVersion:
		e.Err = fmt.Errorf("the directory says it does not have this version; that is not proven: %w", err)
	case p.Type == ProblemErased:
		e.Err = fmt.Errorf("the directory says that the value was erased; the commitment to it stays in the log, and nobody can open it any more: %w", err)
	case p.Type == ProblemPruned:
		s.pruned(e, p)
	case p.Status == http.StatusUnauthorized:
		e.Hint = "give the token that the operator issued with --token-file"
	case p.Type == ProblemTooLarge:
		e.Hint = "if it is a value: publish fewer keys, or smaller ones; the operator can permit more"
	case p.Type == ProblemPolicy: // the detail says what is missing
	case p.Status == http.StatusForbidden:
		e.Hint = "the label was registered with another credential"
	}
	return e
}

// rejected returns the error for a response that does not verify.
func (s *session) rejected(ctx context.Context, x exchange, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	var m *keytrans.Misbehaviour
	if errors.As(err, &m) {
		return s.contradiction(ctx, x, m)
	}
	if errors.Is(err, keytrans.ErrProof) || errors.Is(err, keytrans.ErrSignature) {
		if fork := s.checkFork(ctx, x); fork != nil {
			return fork
		}
	}
	e := fail(Undecided, verifyingStep(x), err)
	switch {
	case errors.Is(err, keytrans.ErrUnexpectedVersion):
		e.Kind = Attention
	case errors.Is(err, keytrans.ErrTime):
		e.Hint = "check this machine's clock; if it is right, the directory stands still or is hiding its present state"
	case errors.Is(err, keytrans.ErrAuditor):
		e.Hint = "without its auditor this directory's answers cannot be relied on; try again later, and ask its operator and the auditor why"
	case errors.Is(err, keytrans.ErrVersionExpired):
		e.Hint = "the version is older than what the directory keeps"
	default:
		e.Hint = "the answer proves nothing, so nothing was changed; something on the way may have damaged it: try again, also from another network"
	}
	return e
}

// Open returns the client for a directory that was trusted before. root is the
// folder of DefaultStateDir or the one that stands in for it. directory is its
// base URL; if it is empty, there must be only one. The error is an *Error.
func Open(root, directory string, cfg Config) (*Client, error) {
	const step = "opening the state"
	if directory != "" {
		var err error
		if directory, err = ParseURL(directory, true); err != nil {
			return nil, err
		}
	}
	pinned, err := listPinned(root)
	if err != nil {
		out := fail(Operational, step, err)
		var e *Error
		if errors.As(err, &e) {
			out.Hint = e.Hint
		}
		return nil, out
	}
	var matches []Pinned
	for _, p := range pinned {
		if directory == "" || p.Directory == directory {
			matches = append(matches, p)
		}
	}
	switch {
	case len(matches) == 1:
		if _, err := ParseURL(matches[0].Directory, cfg.InsecureHTTP); err != nil {
			return nil, err
		}
		return &Client{dir: matches[0].Dir, directory: matches[0].Directory, cfg: cfg.withDefaults()}, nil
	case len(matches) > 1 && directory == "":
		e := usage("there are %d trusted directories", len(matches))
		e.Hint = "say which one with --directory URL"
		return nil, e
	case len(matches) > 1:
		return nil, fail(Operational, step, fmt.Errorf("the state in %s has %s more than once", root, directory))
	case directory == "":
		e := usage("no directory is trusted yet")
		e.Hint = "pin one with: kt trust URL"
		return nil, e
	}
	e := usage("%s is not trusted yet", directory)
	e.Hint = "pin it with: kt trust " + directory
	return nil, e
}

// Pinned is a directory that was trusted.
type Pinned struct {
	Directory string `json:"directory"`
	Dir       string `json:"state_dir"`
	// Configuration is what is pinned, encoded.
	Configuration []byte `json:"configuration"`
	// LogKey is the verifier key of its log in the stored witness policy, empty
	// without one.
	LogKey string `json:"log_key,omitempty"`
}

// ListPinned returns the directories that are trusted, with state below root. The
// error is an *Error: state that cannot be read may be of any directory.
func ListPinned(root string) ([]Pinned, error) {
	out, err := listPinned(root)
	if err != nil {
		return nil, fail(Operational, "listing the trusted directories", err)
	}
	return out, nil
}

// listPinned returns the directories with state below root. Unreadable state is
// an error: it may be of the directory that is asked for.
func listPinned(root string) ([]Pinned, error) {
	folders, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []Pinned
	for _, folder := range folders {
		dir := filepath.Join(root, folder.Name())
		if !folder.IsDir() {
			continue
		}
		s, _, err := loadState(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		}
		p := Pinned{Directory: s.directory, Dir: dir, Configuration: s.configuration}
		if s.witness != nil {
			p.LogKey = s.witness.policy.log.VerifierKey
		}
		out = append(out, p)
	}
	return out, nil
}

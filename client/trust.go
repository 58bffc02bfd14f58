package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// TrustResult is the outcome of Trust.
type TrustResult struct {
	Directory string `json:"directory"`
	// ConfigurationSHA256 identifies the pinned Configuration: compare it with
	// what the operator publishes elsewhere, or with other people.
	ConfigurationSHA256 string `json:"configuration_sha256"`
	Suite               string `json:"cipher_suite"`
	Signers
	// AlreadyTrusted tells that the same Configuration was pinned before.
	AlreadyTrusted bool `json:"already_trusted"`
	// AuditorChanged tells that one with another auditor was.
	AuditorChanged bool    `json:"auditor_changed,omitempty"`
	Head           Head    `json:"head"`
	StateDir       string  `json:"state_dir"`
	Verdict        Verdict `json:"verdict"`
	// Policy is the witness policy that is stored from now on, nil if none is,
	// and PolicyStored tells that it was not stored before.
	Policy       *PolicyInfo `json:"policy,omitempty"`
	PolicyStored bool        `json:"policy_stored,omitempty"`
	// PolicyReplaced tells that it took the place of another one.
	PolicyReplaced bool `json:"policy_replaced,omitempty"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
	// MaxAhead is how far ahead of its time the directory may date log entries, if
	// that is more than a day, and 0 otherwise. With so much, it can give old heads
	// for new ones for as long.
	MaxAhead time.Duration `json:"max_ahead_ns,omitempty"`
}

// reasonableAhead is how much a directory's clock may be ahead without a word.
const reasonableAhead = 24 * time.Hour

// aheadOf returns the max_ahead of a configuration if it is too much.
func aheadOf(c *keytrans.Configuration) time.Duration {
	ahead := time.Duration(min(c.MaxAhead, uint64(math.MaxInt64/time.Millisecond))) * time.Millisecond
	if ahead <= reasonableAhead {
		return 0
	}
	return ahead
}

// Kind returns what the result asks of the user.
func (r *TrustResult) Kind() Kind { return r.Witness.Kind() }

// PolicyInfo describes a witness policy.
type PolicyInfo struct {
	// Origin and VerifierKey identify the directory's log, and URL is where it is
	// read.
	Origin      string `json:"origin"`
	VerifierKey string `json:"verifier_key"`
	URL         string `json:"url"`
	// Witnesses are all that the policy knows, and Quorum is what it calls those
	// that are needed.
	Witnesses []string `json:"witnesses"`
	Quorum    string   `json:"quorum"`
}

func (p *policy) info() *PolicyInfo {
	i := &PolicyInfo{Origin: p.log.Origin, VerifierKey: p.log.VerifierKey, URL: p.url, Witnesses: []string{}, Quorum: p.Quorum()}
	for _, w := range p.Witnesses {
		i.Witnesses = append(i.Witnesses, w.Name)
	}
	return i
}

// Head is the state of the log that a result rests on.
type Head struct {
	TreeSize uint64 `json:"tree_size"`
	Root     string `json:"root"`
	// Time is the timestamp of the rightmost log entry.
	Time time.Time `json:"time"`
}

func headOf(v *keytrans.View) Head {
	root, err := v.Root()
	if err != nil || len(v.Frontier) == 0 {
		return Head{}
	}
	return Head{TreeSize: v.Head.TreeSize, Root: root.String(), Time: entryTime(v.Rightmost().Timestamp)}
}

// Trust pins the Configuration of the directory at the base URL, and verifies
// the directory's head against it. root is where state is kept: see
// DefaultStateDir. If fingerprint is not empty, the Configuration must have that
// SHA-256, in hexadecimal; otherwise this first contact is taken on faith.
//
// For a directory that is pinned already, the error is of kind Attention if it
// now has another Configuration. The pinned one stays, except if only the auditor
// is another one and the fingerprint is that of the new Configuration: then that is
// pinned, and the view of the log goes on.
//
// If cfg has a witness policy, it is stored once the directory's head has verified,
// in the place of one that was stored before. What the witnesses have seen does
// not undo that: see TrustResult.Kind for what they have not seen in time.
func Trust(ctx context.Context, root, base, fingerprint string, cfg Config) (*TrustResult, error) {
	base, err := ParseURL(base, cfg.InsecureHTTP)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if _, err := cfg.policy(base); err != nil {
		return nil, err
	}
	configuration, err := fetchConfiguration(ctx, newTransport(base, cfg))
	if err != nil {
		return nil, err
	}
	if fingerprint != "" && !strings.EqualFold(fingerprint, hashHex(configuration)) {
		return nil, fail(Attention, "comparing the configuration", fmt.Errorf(
			"it has the SHA-256 %s, not the one you gave: this is another directory, or somebody is in between", hashHex(configuration)))
	}
	if c, err := Open(root, base, cfg); err == nil {
		return c.retrust(ctx, configuration, fingerprint != "")
	} else if KindOf(err) != Usage {
		return nil, err
	}
	return firstTrust(ctx, root, base, configuration, cfg)
}

// fetchConfiguration gets the configuration that a directory says it has.
func fetchConfiguration(ctx context.Context, t *transport) ([]byte, error) {
	const step = "fetching the configuration"
	data, err := t.do(ctx, call{method: http.MethodGet, path: "/v1/configuration"})
	if err != nil {
		e := fail(Undecided, step, err)
		e.Hint = "is this the base URL of a directory? Try: curl " + t.base + "/v1/configuration"
		return nil, e
	}
	cfg, err := keytrans.ParseConfiguration(data)
	if err == nil {
		_, err = keytrans.NewVerifier(cfg)
	}
	if err != nil {
		return nil, fail(Undecided, step, fmt.Errorf("%s sent something that cannot be used: %w", t.base, err))
	}
	return data, nil
}

// firstTrust pins a configuration if the directory's head verifies under it.
func firstTrust(ctx context.Context, root, base string, configuration []byte, cfg Config) (*TrustResult, error) {
	dir := filepath.Join(root, stateID(base, configuration))
	if err := durable.MakeFolder(dir); err != nil {
		return nil, fail(Operational, "making the state folder", err)
	}
	lock, err := lockFolder(ctx, dir, cfg.LockWait)
	if err != nil {
		return nil, lockError(err)
	}
	s := &session{dir: dir, cfg: cfg, transport: newTransport(base, cfg), lock: lock}
	defer s.end()
	if _, _, err := loadState(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, fail(Operational, "pinning the configuration", cmp.Or(err, errors.New("another process did that just now: try again")))
	}
	if err := s.pin(configuration); err != nil {
		return nil, err
	}
	s.state = &state{
		directory: base, configuration: configuration, trustedAt: stamp(cfg.Now()), view: &keytrans.View{},
		contacts: make(map[string]*contact), owners: make(map[string]*owner),
	}
	if err := s.enforcePolicy(); err != nil {
		return nil, err
	}
	return s.trust(ctx, anyHead)
}

// retrust compares the configuration of a directory that is pinned already.
// expected tells that the user gave its fingerprint.
func (c *Client) retrust(ctx context.Context, configuration []byte, expected bool) (*TrustResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if !bytes.Equal(configuration, s.state.configuration) {
		changed, err := onlyAuditorChanged(s.verifier.Configuration(), configuration)
		if err != nil {
			return nil, fail(Undecided, "comparing the configuration", err)
		}
		if changed && expected {
			return s.changeAuditor(ctx, configuration)
		}
		e := fail(Attention, "comparing the configuration", fmt.Errorf(
			"the directory at %s now has another configuration (SHA-256 %s) than the one pinned on %s (SHA-256 %s)",
			c.directory, hashHex(configuration), s.state.trustedAt.Format(time.DateOnly), hashHex(s.state.configuration)))
		e.Hint = "ask its operator why. The old one stays pinned; to start again and forget what was verified, move " + c.dir + " away"
		if changed {
			e.Hint = "only its auditor is another one. Ask its operator and the auditor; if it is right, go on with: kt trust " + c.directory + " --sha256 " + hashHex(configuration)
		}
		return nil, e
	}
	r, err := s.trust(ctx, anyHead)
	if err != nil {
		return nil, err
	}
	r.AlreadyTrusted = true
	return r, nil
}

// onlyAuditorChanged reports whether two configurations differ in nothing but who
// the auditor is, where it began, and how far it may lag.
func onlyAuditorChanged(old *keytrans.Configuration, configuration []byte) (bool, error) {
	next, err := keytrans.ParseConfiguration(configuration)
	if err != nil {
		return false, err
	}
	if old.Mode != keytrans.ThirdPartyAuditing || next.Mode != old.Mode {
		return false, nil
	}
	next.MaxAuditorLag, next.AuditorStartPos, next.AuditorPublicKey = old.MaxAuditorLag, old.AuditorStartPos, old.AuditorPublicKey
	before, err := old.Marshal()
	if err != nil {
		return false, err
	}
	after, err := next.Marshal()
	return bytes.Equal(before, after), err
}

// changeAuditor pins a configuration with another auditor, if a head that is newer
// than the view verifies under it: the view's own is signed under the old one.
func (s *session) changeAuditor(ctx context.Context, configuration []byte) (*TrustResult, error) {
	next := s.state.clone()
	next.configuration, next.trustedAt = configuration, stamp(s.cfg.Now())
	next.proofs = s.state.proofs.Under(s.state.configuration)
	if err := s.pin(configuration); err != nil {
		return nil, err
	}
	s.previous, s.state = s.state, next // stored with the head
	r, err := s.trust(ctx, func(head *keytrans.View) error {
		if head.Head.TreeSize > next.view.Head.TreeSize {
			return nil
		}
		e := fail(Undecided, "verifying the directory's head", errors.New("the directory has no head yet that is newer than the one that was verified before the auditor changed"))
		e.Hint = "try again when it has one"
		return e
	})
	if err != nil {
		return nil, err
	}
	r.AuditorChanged = true
	return r, nil
}

// anyHead accepts every head that verifies.
func anyHead(*keytrans.View) error { return nil }

// trust verifies the directory's head, and stores nothing unless accept takes it.
// With the state that this leads to, the policy that is in force is stored.
func (s *session) trust(ctx context.Context, accept func(*keytrans.View) error) (*TrustResult, error) {
	stored := s.state.witness
	if s.state.adHoc != nil {
		if err := s.checkLogKey(ctx); err != nil {
			return nil, err
		}
		s.state.witness, s.state.adHoc = s.state.adHoc, nil
	}
	if _, err := s.distinguishedIf(ctx, accept); err != nil {
		return nil, err
	}
	w, err := s.conclude(ctx, nil)
	if err != nil {
		return nil, err
	}
	head := headOf(s.state.view)
	r := &TrustResult{
		Directory: s.state.directory, ConfigurationSHA256: hashHex(s.state.configuration),
		Suite: s.verifier.Configuration().Suite.String(), Signers: signersOf(s.verifier.Configuration()), Head: head, StateDir: s.dir, Witness: w,
		MaxAhead: aheadOf(s.verifier.Configuration()),
		Verdict:  w.qualify(verdict(OutcomeVerified, "the directory's head of %s is signed with the pinned configuration's key", count.Of(head.TreeSize, "log entry", "log entries"))),
	}
	if in := s.state.inForce(); in != nil {
		had := stored != nil && !stored.once
		r.Policy, r.PolicyStored = in.policy.info(), !had || !in.samePolicy(stored)
		r.PolicyReplaced = r.PolicyStored && had
	}
	return r, nil
}

// checkLogKey refuses a policy whose key has not signed what the log serves: that is
// not for time to heal. That the log cannot be read is no reason to refuse it.
func (s *session) checkLogKey(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longestSettle)
	defer cancel()
	in := s.state.inForce()
	_, err := s.publicLog(in).checkpoint(ctx)
	var invalid *note.InvalidSignatureError
	if !errors.Is(err, checkpoint.ErrNotSigned) && !errors.As(err, &invalid) {
		return nil
	}
	e := fail(Undecided, "checking the witness policy", err)
	e.Hint = "nothing was stored: the policy's log line must have the key of this directory's log, which its operator publishes (ktd tells it as verifier_key at " + s.state.directory + "/api/v1/log/publication)"
	return e
}

// distinguished brings the view up to date, retains the recent distinguished
// heads, and returns the positions of their log entries, from right to left. Those
// that are not recent any more are forgotten.
func (s *session) distinguished(ctx context.Context) ([]uint64, error) {
	return s.distinguishedIf(ctx, anyHead)
}

// distinguishedIf is distinguished if accept takes the head that was verified.
func (s *session) distinguishedIf(ctx context.Context, accept func(*keytrans.View) error) ([]uint64, error) {
	q := &keytrans.DistinguishedRequest{Last: s.state.view.Last()}
	var positions []uint64
	x := exchange{operation: operationDistinguished, view: s.state.view, proofs: s.state.proofs}
	before := s.state.recent
	err := s.do(ctx, query{operation: x.operation, request: q, verify: func(response []byte, next *state) error {
		p, err := keytrans.ParseDistinguishedResponse(s.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		r, err := s.verifier.Distinguished(next.view, q, p, s.cfg.Now())
		if err != nil {
			return err
		}
		if err := accept(r.View); err != nil {
			return err
		}
		positions, next.recent = r.Positions, r.Recent
		x.response = response
		if x.request, err = q.Marshal(); err != nil {
			return err
		}
		return next.proceed(r.Verified, s.cfg.Now())
	}})
	if err == nil {
		s.keepDistinguished(ctx, x, before)
	}
	return positions, err
}

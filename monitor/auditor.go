package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// AuditorConfig adjusts an Auditor. The zero value is usable.
type AuditorConfig struct {
	// Configuration is the encoded Configuration of the log, which is pinned. The
	// default is what is pinned already or, on first use, what the directory says.
	// In the place of a pinned one, only one with other terms of the auditor is
	// accepted.
	Configuration []byte
	// VerifyOnly is for anybody who is not the directory's auditor: everything is
	// verified, and nothing is signed or handed in. No key is needed, and the folder is
	// made if there is none.
	VerifyOnly bool
	// KeyDir is the folder that has the key. The default is the auditor's folder.
	KeyDir string
	// Log, if not nil, is the directory's public log, the checkpoint of which is
	// compared with what was audited (CompareCheckpoint); Policy, the content of a
	// policy file (C2SP tlog-policy), names it.
	Log    Source
	Policy []byte
	// View, if not nil, is a verified view that a new auditor takes on trust: it
	// processes the entries after it only. The log's auditor_start_pos must allow
	// that. The default is to process the log from its beginning.
	View *keytrans.View
	// Interval is about how long Run waits between two rounds. The default is 10 s.
	Interval time.Duration
	// HTTP adjusts the requests.
	HTTP HTTPConfig
	// Progress, if not nil, is told of it after every log entry. It must be fast.
	Progress func(Progress)
	// Logger is told what happens, at level info. The default discards.
	Logger *slog.Logger
	// Now is the clock. The default is time.Now.
	Now func() time.Time

	progressEvery uint64 // entries; of tests

	hook func(op, path string, step func() error) error // of tests; see files
}

func (c AuditorConfig) withDefaults() AuditorConfig {
	if c.Interval == 0 {
		c.Interval = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.progressEvery == 0 {
		c.progressEvery = 10_000
	}
	return c
}

// An Auditor is the Third-Party Auditor of a directory: it verifies the change of
// every log entry, signs heads of what it verified, and hands them to the directory.
//
// It signs a head only if the directory has signed the same root: the updates that
// it verifies are signed by nobody, and whoever changes them on the way must not get
// its signature for another log. What it verified is stored before anything of it is
// signed, and only that is ever continued, so that it signs no two roots for one
// size unless its folder is put back to an earlier state. It is not safe for
// concurrent use; a second process is refused.
type Auditor struct {
	// FirstUse tells that the Configuration was taken from the directory when the
	// auditor was opened, and pinned.
	FirstUse bool

	cfg           AuditorConfig
	files         *files
	source        *HTTPSource
	key           keytrans.SigningKey
	suite         keytrans.CipherSuite // of the key
	config        *keytrans.Configuration
	configuration []byte // encoded

	answer   *LogAnswer
	seen     *evidence.Head // the latest that the directory signed; may be nil
	bound    *evidence.Head // to come to before anything else, after damage; may be nil
	audit    *audit         // ahead of verified while a round is under way
	verified []byte         // what state has, of a log of verifiedSize entries
	damage   []string

	stateDamaged bool // until it is replaced

	policy    *checkpoint.Policy // may be nil
	roots     map[uint64]merkle.Hash
	differing *differing // may be nil
	agreed    uint64
	target    uint64 // size of the head that is being audited up to

	verifiedSize uint64
	savedSize    uint64                    // of progress; 0 if there is none
	accepted     *keytrans.AuditorTreeHead // by the directory
	broken       error                     // of the folder
	changes      uint64
	bytes        int64
}

// OpenAuditor opens the auditor in a folder with a key, of the directory at a URL.
// The caller closes it. The error is an *Error; of kind Misbehaved if the folder has
// evidence.
func OpenAuditor(ctx context.Context, dir, directory string, cfg AuditorConfig) (_ *Auditor, err error) {
	cfg = cfg.withDefaults()
	source, err := NewHTTPSource(directory, cfg.HTTP)
	if err != nil {
		return nil, usage("give the URL of the directory, such as https://keys.example.org", "%w", err)
	}
	if cfg.VerifyOnly || cfg.KeyDir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, classify("making the folder", err)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, usage("make a key first: ktmon keygen "+dir, "%w", err)
	}
	f, err := openFiles(dir)
	if err != nil {
		return nil, classify("opening the auditor's folder", err)
	}
	f.hook = cfg.hook
	a := &Auditor{cfg: cfg, files: f, source: source, roots: make(map[uint64]merkle.Hash)}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(classify("opening the auditor in "+dir, err), a.Close())
	}
	return a, nil
}

// Close ends the auditor.
func (a *Auditor) Close() error { return a.files.close() }

// Damage says which files of the folder were damaged when it was opened, each with
// what was done about it.
func (a *Auditor) Damage() []string { return a.damage }

// Configuration returns the pinned Configuration, encoded.
func (a *Auditor) Configuration() []byte { return a.configuration }

// AuditorStatus is what an auditor has come to.
type AuditorStatus struct {
	// Size is how many log entries were processed, of which those that the
	// directory has accepted a head of are in Head; nil if there is none yet.
	Size uint64
	Head *keytrans.AuditorTreeHead
	// Waiting is how many leaves no distinguished entry has published yet.
	Waiting int
	// Changes is how many leaves the processed entries changed since the auditor was
	// opened, and Bytes how many bytes were read for that.
	Changes uint64
	Bytes   int64
	// Timestamp is that of the last entry, in milliseconds.
	Timestamp uint64
	// Verified is how many entries are verified under a head that the directory has
	// signed, and Agreed the size of the largest checkpoint that is of the same entries;
	// 0 if there is none.
	Verified, Agreed uint64
}

// Status returns what the auditor has come to since it was opened.
func (a *Auditor) Status() AuditorStatus {
	return AuditorStatus{
		Size: a.audit.log.Size(), Head: a.accepted, Waiting: a.audit.log.Waiting(),
		Changes: a.changes, Bytes: a.bytes, Timestamp: a.audit.log.Timestamp(),
		Verified: a.verifiedSize, Agreed: a.agreed,
	}
}

// Update processes what the log has more, signs the head and hands it in. The error
// is an *Error:
//
//   - Undecided: the directory was not reached, or what it sent does not verify; it
//     wraps a *keytrans.AuditError if that is an update. Nothing was signed, and
//     another Update may do better.
//   - Misbehaved: the directory has signed two heads that contradict each other.
//   - Operational: all else. After an error of the file system the auditor is of no
//     more use, and has to be opened again.
func (a *Auditor) Update(ctx context.Context) error {
	a.answer = nil
	if a.broken != nil {
		return classify("writing to the auditor's folder", a.broken)
	}
	answer, err := readLog(ctx, a.source, a.config)
	if err != nil {
		return classify("reading the directory's head", err)
	}
	a.answer = answer
	head := &answer.Head
	if err := a.comeBack(ctx, head); err != nil {
		return err
	}
	if err := a.see(head); err != nil {
		return classify("comparing the directory's head", err)
	}
	if err := a.process(ctx, head); err != nil {
		return classify(fmt.Sprintf("auditing the log up to %d entries", head.TreeSize), err)
	}
	return classify("handing in the auditor's head", a.handIn(ctx))
}

// comeBack comes to the head that was verified before a file was damaged.
func (a *Auditor) comeBack(ctx context.Context, head *evidence.Head) error {
	if a.bound == nil || a.seen != nil && head.TreeSize < a.seen.TreeSize {
		return nil // see says what is wrong with the head
	}
	if err := a.process(ctx, a.bound); err != nil {
		step := fmt.Sprintf("auditing the log again up to the %d entries that were verified before a file was damaged", a.bound.TreeSize)
		var e *Error
		if errors.As(err, &e) {
			return &Error{Kind: e.Kind, Evidence: e.Evidence, Hint: e.Hint, Err: fmt.Errorf("%s: %w", step, err)}
		}
		return classify(step, err)
	}
	a.bound = nil
	return nil
}

// Answer returns what the directory said of its log in the last Update, nil if that
// did not come so far.
func (a *Auditor) Answer() *LogAnswer { return a.answer }

// Run calls Update until ctx ends, and tells after each what came of it. After one
// that failed it waits longer each time, up to ten times the interval. It returns nil
// when ctx ends, and earlier the first error that is not of kind Undecided.
func (a *Auditor) Run(ctx context.Context, tell func(error)) error {
	failures := 0
	for {
		err := a.Update(ctx)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil
		}
		tell(err)
		switch {
		case err == nil:
			failures = 0
		case KindOf(err) == Undecided:
			failures++
		default:
			return err
		}
		pause := min(a.cfg.Interval<<min(max(failures-1, 0), 4), 10*a.cfg.Interval)
		// A tenth more or less keeps auditors from asking all at once.
		pause += rand.N(pause/5+1) - pause/10
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// see holds a head against the latest one, and keeps the larger one.
func (a *Auditor) see(head *evidence.Head) error {
	switch old := a.seen; {
	case old != nil && head.TreeSize == old.TreeSize && head.Root != old.Root:
		return a.accuse(old, head)
	case old != nil && head.TreeSize == old.TreeSize:
		return nil
	case old != nil && head.TreeSize < old.TreeSize:
		return fmt.Errorf("%w: %w: it has %d entries, after one of more", errResponse, ErrRolledBack, head.TreeSize)
	}
	data, err := json.Marshal(head)
	if err == nil {
		err = a.keep(logHeadName, data)
	}
	if err == nil {
		a.seen = head
	}
	return err
}

// process applies the updates up to a head that the directory has signed, and stores
// what it leads to if that is the signed root. Otherwise it goes back to what was
// verified before: any of the updates since can be wrong.
func (a *Auditor) process(ctx context.Context, head *evidence.Head) error {
	if head.TreeSize < a.audit.log.Size() {
		return fmt.Errorf("%w: %w: its head has fewer entries than were audited, %d", errResponse, ErrRolledBack, a.audit.log.Size())
	}
	err := a.fetch(ctx, head.TreeSize)
	var refused *keytrans.AuditError
	switch {
	case errors.As(err, &refused), errors.Is(err, keytrans.ErrWaiting):
		e := &Error{
			Kind: Undecided, Err: fmt.Errorf("the update for log entry %d: %w", a.audit.log.Size(), err),
			Hint: "nothing is signed as long as the directory does not send updates that verify; tell its operator: this alone proves nothing against the directory",
		}
		return errors.Join(e, a.goBack())
	case err != nil:
		return err // what verified so far is not lost
	}
	root, err := a.audit.log.Root()
	if err != nil {
		return err
	}
	if root != merkle.Hash(head.Root) {
		e := &Error{
			Kind: Undecided, Err: fmt.Errorf("%w: %w: the updates of %d entries lead to another root than the directory has signed", errContent, ErrChanges, a.audit.log.Size()),
			Hint: "nothing is signed as long as they do; tell the operator: updates are not signed, so that this proves nothing against the directory",
		}
		return errors.Join(e, a.goBack())
	}
	if a.audit.log.Size() == a.verifiedSize {
		return nil
	}
	return a.keepState(head)
}

// goBack returns to what was verified under a signed root.
func (a *Auditor) goBack() error {
	state, err := parseAudit(a.config, a.verified)
	if err != nil {
		return err
	}
	a.audit = state
	maps.DeleteFunc(a.roots, func(size uint64, _ merkle.Hash) bool { return size > a.verifiedSize })
	return a.dropProgress()
}

// handIn signs the head of what was verified and gives it to the directory, unless
// the directory has it.
func (a *Auditor) handIn(ctx context.Context) error {
	if a.key == nil || a.accepted != nil && a.accepted.TreeSize == a.audit.log.Size() || a.audit.log.Size() <= a.config.AuditorStartPos {
		return nil
	}
	if now := uint64(max(a.cfg.Now().UnixMilli(), 0)); a.audit.log.Timestamp() > now && a.audit.log.Timestamp()-now > a.config.MaxAhead {
		return fmt.Errorf("%w: the log is %d ms ahead of this clock", errContent, a.audit.log.Timestamp()-now)
	}
	head, err := a.audit.log.Head(a.key)
	if err != nil {
		return err
	}
	body, err := head.Marshal()
	if err != nil {
		return err
	}
	err = a.source.post(ctx, "v1/auditor-tree-head", body, func(io.Reader) error { return nil })
	if refused := (*refusalError)(nil); errors.As(err, &refused) && refused.status == http.StatusConflict {
		return &Error{Kind: Undecided, Err: err, Hint: "is another auditor at work with the same key?"}
	} else if err != nil {
		return err
	}
	a.accepted = head
	a.cfg.Logger.InfoContext(ctx, "signed", "tree_size", head.TreeSize, "waiting", a.audit.log.Waiting())
	return nil
}

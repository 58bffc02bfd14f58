// Package demo plays a whole world on one machine: a key directory, a contact,
// an owner, and an operator who slips in a key. It is not a simulation: the
// directory serves HTTP on loopback, the contact and the owner are the client
// that people use, and the keys are real people's where Debian's keyring is
// installed.
package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// Config describes a demonstration.
type Config struct {
	// Out takes the narration.
	Out io.Writer
	// Keyrings are the files to import; those that do not exist are left out.
	// If none exists, keys are generated. Default: Keyrings.
	Keyrings []string
	// Keep leaves the directory running until the context ends.
	Keep bool
	// Version is that of the program.
	Version string
	// Reading and Publishing, if set, are called as the import goes on.
	Reading, Publishing func(done, total int64)
	// Imported, if set, is called when the import has ended.
	Imported func()
}

// ErrNotCaught says that the inserted key went unnoticed.
var ErrNotCaught = errors.New("the owner did not notice the inserted key")

// Run plays the demonstration. The error is ErrNotCaught if the inserted key
// was not caught, or says what broke.
func Run(ctx context.Context, cfg Config) (err error) {
	n := &narrator{w: cfg.Out}
	n.title("Ghostlight: a key directory that cannot lie quietly")
	w, err := newWorld(ctx, cfg.Version)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()

	s := &story{narrator: n, world: w}
	for _, act := range []func(context.Context, Config) error{
		s.importKeys, s.lookup, s.own, s.insert, s.watch,
	} {
		if err := act(ctx, cfg); err != nil {
			return err
		}
	}
	s.summary()
	if cfg.Keep {
		n.say("The directory keeps running at %s; stop it with Ctrl-C.", w.url)
		<-ctx.Done()
	}
	return nil
}

// story is what the acts pass on to each other.
type story struct {
	*narrator
	*world
	labels   int
	label    string
	identity directory.Identity

	contact, owner *client.Client
	inserted       keyset.Key
	caught         *client.Unexpected
}

func (s *story) importKeys(ctx context.Context, cfg Config) error {
	s.act("The operator publishes people's keys")
	files, err := s.keyrings(cfg.Keyrings)
	if err != nil {
		return err
	}
	if s.generated {
		s.say("Debian's keyring is not installed (package debian-keyring), so the people are made up.")
	}
	s.identity, err = s.instance.Identity(ctx, "")
	if err != nil {
		return err
	}
	summary, labels, err := s.importAll(ctx, cfg, files, s.identity)
	if cfg.Imported != nil {
		cfg.Imported()
	}
	if err != nil {
		return err
	}
	if len(labels) == 0 {
		return errors.New("the keyrings held nothing to import")
	}
	s.labels = len(labels)
	slices.Sort(labels)
	s.label = labels[len(labels)/2]
	s.say("%d certificates with %d user ids became %d labels (e-mail addresses).", summary.Keys, summary.UserIDs, summary.Created)
	for _, r := range summary.Reasons[:min(3, len(summary.Reasons))] {
		s.say("  not imported: %d, %s", r.Count, r.Reason)
	}
	head, err := s.instance.Directory.Head()
	if err != nil {
		return err
	}
	s.say("The directory is at %s. Its log has %d entries; the root, signed: %s", s.url, head.TreeSize, head.Root)
	return nil
}

func (s *story) lookup(ctx context.Context, _ Config) (err error) {
	s.act("A contact looks somebody up, and checks the proof")
	if s.contact, err = s.newClient(ctx, "contact"); err != nil {
		return err
	}
	r, err := s.contact.Lookup(ctx, s.label, nil)
	if err != nil {
		return err
	}
	s.say("kt lookup %s", s.label)
	for i, step := range r.Steps {
		s.say("  %d. %s", i+1, step.Text)
	}
	s.keys(r.Value.Keys)
	s.say("Verdict: %v", r.Verdict)
	return nil
}

func (s *story) own(ctx context.Context, _ Config) (err error) {
	s.act("The owner of the address takes watch over it")
	if s.owner, err = s.newClient(ctx, "owner"); err != nil {
		return err
	}
	r, err := s.owner.Own(ctx, s.label)
	if err != nil {
		return err
	}
	s.say("kt own %s", s.label)
	s.say("  The owner knows of %d version(s) and answers for them. Verified up to log entry %d.", len(r.Ledger), r.VerifiedUpTo)
	w, err := s.owner.Watch(ctx)
	if err != nil {
		return err
	}
	s.say("kt watch")
	for _, report := range w.Reports {
		if report.Kind() != 0 {
			return fmt.Errorf("watch before anything happened: %v", report.Verdict)
		}
		s.say("  %s: %v", report.Label, report.Verdict)
	}
	return nil
}

// insert is the operator's move: nobody but the operator is asked.
func (s *story) insert(ctx context.Context, _ Config) error {
	s.act("The operator, told to listen in, slips in a key")
	version, value, err := s.instance.Directory.Greatest(ctx, []byte(s.label))
	if err != nil {
		return err
	}
	set, err := keyset.Parse(value)
	if err != nil {
		return err
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	s.inserted = keyset.Key{Format: keyset.FormatEd25519, Data: public, Name: "one more device"}
	set.Keys = append(set.Keys, s.inserted)
	if value, err = set.Marshal(); err != nil {
		return err
	}
	outcomes, err := s.instance.Directory.Insert(ctx, []directory.NewVersions{
		{Label: []byte(s.label), Greatest: &version, Values: [][]byte{value}, Identity: s.identity},
	})
	if err = errors.Join(append(outcomes, err)...); err != nil {
		return err
	}
	s.say("A new version with one more key is published. The owner was not asked, and nobody is told.")
	s.say("  inserted: %s %s", s.inserted.Format, s.inserted.Fingerprint())
	r, err := s.contact.Lookup(ctx, s.label, nil)
	if err != nil {
		return err
	}
	s.say("Contacts are now served version %d. It is proven to be in the log, so their proofs verify: %v", r.Version, r.Verdict)
	s.say("That is the point: to serve the key to anybody who checks, the operator had to publish it.")
	return nil
}

func (s *story) watch(ctx context.Context, _ Config) error {
	s.act("The owner's next round of monitoring")
	s.say("kt watch")
	r, err := s.owner.Watch(ctx)
	if err != nil {
		return err
	}
	for _, report := range r.Reports {
		s.say("  %s: %v", report.Label, report.Verdict)
		for i := range report.Unexpected {
			u := &report.Unexpected[i]
			s.say("  CAUGHT: version %d, created in log entry %d at %s", u.Version, u.Position, u.EntryTime.UTC().Format("2006-01-02 15:04:05 MST"))
			if u.Changes == nil {
				continue
			}
			for _, key := range u.Changes.Added {
				s.say("    inserted key: %s", key.Description)
				s.say("    fingerprint:  %s", key.Fingerprint)
				if key.Fingerprint == s.inserted.Fingerprint() {
					s.caught = u
				}
			}
		}
	}
	if s.caught == nil {
		return ErrNotCaught
	}
	return nil
}

func (s *story) summary() {
	s.act("Summary")
	s.say("%d labels published; one key slipped in under %s;", s.labels, s.label)
	s.say("caught by its owner in one round of monitoring: version %d, log entry %d,", s.caught.Version, s.caught.Position)
	s.say("fingerprint %s.", s.inserted.Fingerprint())
	s.say("The owner and the contact checked every answer against the log's signed root, and that the")
	s.say("log only ever grows. What remains to be ruled out is that the operator shows the two of them")
	s.say("different logs: that is what witnesses and monitors are for.")
}

package vantage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// collector has what one round found.
type collector struct {
	role *Role
	out  finding.Round
}

func (c *collector) add(f finding.Finding) {
	f.Directory = c.role.cfg.Name
	c.out.Findings = append(c.out.Findings, f)
}

// addDamage says that a file was damaged.
func (c *collector) addDamage() {
	if err := c.role.anchor.damage; err != nil {
		c.add(finding.Finding{
			Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning, Subject: err.Error(),
			Summary: "the file with the last checkpoint was damaged; later ones are held against the one before it",
			Detail:  err.Error(),
		})
	}
}

func (c *collector) failed(summary string, err error) {
	if isCanceled(err) {
		return
	}
	c.add(finding.Finding{
		Rule: finding.Failed, Class: finding.Report, Severity: finding.Warning, Condition: true,
		Subject: summary, Summary: summary, Detail: err.Error(),
	})
}

// clientError says what an error of a client means. whose names what was asked, in
// public, and subject tells it apart.
func (c *collector) clientError(whose, subject string, err error) {
	switch kind := client.KindOf(err); {
	case isCanceled(err):
	case kind == client.Misbehaved:
		c.proven(err)
	case kind == client.Undecided:
		f, about := cause.Whole(err, c.role.cfg.Unreachable)
		if !about {
			f.Rule, f.Summary = finding.Refused, "the answer does not verify, and proves nothing"
		}
		if subject != "" {
			f.Summary = whose + ": " + f.Summary
		}
		f.Subject, f.Detail, f.Hint = subject, err.Error(), cause.Hint(err)
		c.add(f)
	default:
		c.failed("heads could not be compared because something on this machine failed", err)
	}
}

// proven adds misbehaviour of which the evidence could not be stored; what could is
// added by addEvidence.
func (c *collector) proven(err error) {
	var e *client.Error
	if errors.As(err, &e) && e.Evidence != "" {
		return
	}
	c.add(finding.Finding{
		Rule: finding.Refused, Class: finding.Report, Severity: finding.Critical, Subject: "unstored",
		Summary: "the directory's misbehaviour was proven to this monitor, which could not store the evidence", Detail: err.Error(),
	})
}

// sourceError says what an error of reading a log means.
func (c *collector) sourceError(whose, subject string, err error) {
	f := finding.Finding{
		Rule: finding.Refused, Class: finding.Report, Severity: finding.Warning, Condition: true, Subject: "log " + subject,
		Summary: whose + ": the checkpoint, or what proves it, is missing or does not verify, which proves nothing", Detail: err.Error(),
	}
	switch {
	case isCanceled(err):
		return
	case monitor.NotReached(err):
		f.Rule, f.After = finding.Unreachable, c.role.cfg.Unreachable
		f.Summary = whose + " was not reached, or what answered is not a log"
	case monitor.KindOf(err) != monitor.Undecided:
		c.failed("checkpoints could not be compared because something on this machine failed", err)
		return
	}
	c.add(f)
}

// consistent reports whether two checkpoints are of one log. If it is proven that they
// are not, the evidence is stored. The source has the larger one's tiles.
func (c *collector) consistent(ctx context.Context, source monitor.Source, whose string, a, b *checkpoint.Signed) bool {
	found, err := monitor.CompareCheckpoints(ctx, source, a, b)
	if err != nil {
		c.sourceError(whose, "comparison", err)
		return false
	}
	if found == nil {
		return true
	}
	newer := b
	if a.Size > b.Size {
		newer = a
	}
	if files, err := os.ReadDir(c.role.evidenceFolder()); err == nil && len(files) >= MaxEvidence {
		return false // there is proof enough
	}
	if _, err := monitor.StoreInconsistency(c.role.cfg.Dir, found, newer, c.role.cfg.Now()); err != nil {
		c.add(finding.Finding{
			Rule: finding.Refused, Class: finding.Report, Severity: finding.Critical, Subject: "unstored checkpoints",
			Summary: "two checkpoints of the log contradict each other, and the evidence could not be stored", Detail: err.Error(),
		})
	}
	return false
}

// MaxEvidence bounds the evidence files in the role's folder.
const MaxEvidence = 100

func (r *Role) evidenceFolder() string { return filepath.Join(r.cfg.Dir, "evidence") }

// addEvidence adds all evidence about the log and its heads that was ever found, so
// that it is found again after a restart. What is about labels is the watcher's.
func (c *collector) addEvidence() {
	c.addEvidenceIn(c.role.evidenceFolder())
	c.addEvidenceIn(filepath.Join(c.role.cfg.Client.StateDir(), "evidence"))
}

func (c *collector) addEvidenceIn(folder string) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return // there is none
	}
	added := make(map[string]bool)
	for _, f := range files {
		path := filepath.Join(folder, f.Name())
		e, err := readEvidence(path)
		if err != nil || e.Private() || !strings.HasSuffix(path, ".json") {
			continue
		}
		// The same two histories are met again in each round, under other heads.
		if len(added) >= MaxEvidence || added[string(e.Kind)+e.Summary] {
			continue
		}
		added[string(e.Kind)+e.Summary] = true
		c.add(finding.Finding{
			Rule: finding.Rule(e.Kind), Class: finding.Evidence, Severity: finding.Critical, Subject: e.Summary,
			Summary: fmt.Sprintf("misbehaviour is proven: %s", e.Summary), File: path,
			Hint: "keep the file and show it to others: kt evidence verify FILE",
		})
	}
}

func readEvidence(path string) (*evidence.Evidence, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, evidence.MaxSize+1))
	if err != nil {
		return nil, err
	}
	return evidence.Parse(data)
}

// readUpTo fills p from r as far as there is something, and returns how much it was.
func readUpTo(r io.Reader, p []byte) (int, error) {
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

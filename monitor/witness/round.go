package witness

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// polls is how many logs are polled at a time.
const polls = 4

// publishing is how long a log has to publish a checkpoint that was cosigned: it asks
// its witnesses first.
const publishing = time.Hour

// Round polls each log at its URLs: it cosigns a checkpoint that provably continues
// the latest one, and finds what contradicts it. It also looks for what was lost, and
// tells what was found when the witness was asked.
func (w *Witness) Round(ctx context.Context) finding.Round {
	w.roundMu.Lock()
	defer w.roundMu.Unlock()
	found := w.recover()
	results := make([][]finding.Finding, len(w.order))
	slots := make(chan struct{}, polls)
	var jobs sync.WaitGroup
	for i, l := range w.order {
		slots <- struct{}{}
		jobs.Go(func() {
			defer func() { <-slots }()
			results[i] = w.visit(ctx, l)
		})
	}
	jobs.Wait()
	found = append(found, slices.Concat(results...)...)
	for _, r := range w.repairs {
		found = append(found, r.finding())
	}
	round := finding.Round{Findings: found, Checked: w.checked()}
	if len(w.order) == 1 {
		if a := w.order[0].published.Load(); a != nil {
			round.Size, round.Total = a.Size, a.Size
		}
	}
	return round
}

func (w *Witness) checked() string {
	polled := 0
	for _, l := range w.order {
		if len(l.sources) > 0 {
			polled++
		}
	}
	return fmt.Sprintf("that the checkpoints of %d logs, of which %d were polled, continue the latest that were cosigned", len(w.order), polled)
}

// visit polls a log, and returns all that is found about it. A log that answers as slowly
// as it may must not keep what is found of others from being told.
func (w *Witness) visit(ctx context.Context, l *witnessed) []finding.Finding {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Patience)
	defer cancel()
	var found []finding.Finding
	if f := w.damaged(l); f != nil {
		found = append(found, *f)
	} else {
		for _, s := range l.sources {
			found = append(found, w.poll(ctx, l, s)...)
		}
	}
	left, err := w.settleRefused(ctx, l)
	if err != nil {
		found = append(found, failed(l.directory, l.origin, err))
	}
	if left > 0 {
		found = append(found, finding.Finding{
			Rule: finding.Refused, Class: finding.Report, Severity: finding.Warning, Condition: true,
			Directory: l.directory, Subject: l.origin + " was shown",
			Summary: fmt.Sprintf("The witness was shown %d checkpoints, signed by the log %s, with proofs that do not verify, and cannot tell from the log whether they contradict what it cosigned.", left, l.origin),
			Hint:    "they are in " + w.path(l, refusedName) + "; ask the log's operator, and other witnesses",
		})
	}
	return append(found, w.evidence(l)...)
}

// poll reads a log's checkpoint and cosigns it.
func (w *Witness) poll(ctx context.Context, l *witnessed, s source) []finding.Finding {
	served, err := monitor.ReadCheckpoint(ctx, s, l.policy)
	if err != nil {
		return w.trouble(l, s, err)
	}
	// If the witness is asked meanwhile, the latest checkpoint is another one.
	for range 3 {
		latest := l.published.Load()
		if err = w.follow(ctx, l, s, latest, served); !errors.Is(err, errChanged) {
			break
		}
	}
	if err != nil && !errors.Is(err, errChanged) {
		return w.trouble(l, s, err)
	}
	return w.unpublished(l, s, served)
}

// errChanged says that another checkpoint was cosigned meanwhile.
var errChanged = errors.New("another checkpoint was cosigned meanwhile")

// follow cosigns the checkpoint that a log serves, if it is larger than the latest
// one. A contradiction is stored, and no error.
func (w *Witness) follow(ctx context.Context, l *witnessed, s source, latest *anchor, served *checkpoint.Signed) error {
	if latest != nil {
		contradicts, err := w.compare(ctx, l, s, latest.note, served.Note)
		if contradicts || err != nil || served.Size <= latest.Size {
			return err
		}
	}
	submitted, refused := l.openSubmission(served.Note)
	if refused != nil {
		return refused
	}
	if err := w.step("compared"); err != nil {
		return err
	}
	_, err := w.update(ctx, l, submitted, func(now *anchor) error {
		switch {
		case now != latest:
			return errChanged
		case submitted.Size == 0: // there is no proof but for its root
			return check(nil, submitted, 0, nil)
		}
		return nil
	})
	return err
}

// unpublished finds that a log does not publish what it had cosigned.
func (w *Witness) unpublished(l *witnessed, s source, served *checkpoint.Signed) []finding.Finding {
	latest := l.published.Load()
	if latest == nil || served.Size >= latest.Size || w.cfg.Now().Sub(time.Unix(latest.at, 0)) < publishing {
		return nil
	}
	return []finding.Finding{{
		Rule: finding.RolledBack, Class: finding.Report, Severity: finding.Warning, Condition: true, After: w.cfg.Delay,
		Directory: l.directory, Subject: l.origin + " " + s.url,
		Summary: fmt.Sprintf("The log %s serves a checkpoint of %d entries, although it had one of %d cosigned.", l.origin, served.Size, latest.Size),
		Hint:    "it may have been restored from a backup; it can go on once it has its entries again",
	}}
}

// trouble says why a log could not be polled.
func (w *Witness) trouble(l *witnessed, s source, err error) []finding.Finding {
	f := finding.Finding{
		Class: finding.Report, Severity: finding.Warning, Condition: true,
		Directory: l.directory, Subject: l.origin + " " + s.url, Detail: err.Error(),
	}
	var refused *refusal
	switch {
	case monitor.NotReached(err), errors.Is(err, context.DeadlineExceeded):
		f.Rule, f.After = finding.Unreachable, w.cfg.Delay
		f.Summary = fmt.Sprintf("The log %s was not reached.", l.origin)
	case errors.Is(err, monitor.ErrTwoKeys):
		f.Rule, f.Severity = finding.HeadsDiffer, finding.Critical
		f.Summary = fmt.Sprintf("The log %s serves a checkpoint that contradicts the one that the witness cosigned, signed with another of its keys.", l.origin)
	case monitor.KindOf(err) == monitor.Undecided, errors.As(err, &refused):
		f.Rule = finding.Refused
		f.Summary = fmt.Sprintf("The log %s serves a checkpoint that cannot be verified, or not be compared with the one that the witness cosigned.", l.origin)
	default:
		return []finding.Finding{failed(l.directory, l.origin, err)}
	}
	if e := (*monitor.Error)(nil); errors.As(err, &e) {
		f.Hint = e.Hint
	}
	return []finding.Finding{f}
}

func failed(directory, subject string, err error) finding.Finding {
	return finding.Finding{
		Rule: finding.Failed, Class: finding.Report, Severity: finding.Warning, Condition: true, Directory: directory,
		Subject: "witness " + subject, Summary: "The witness has a problem on this machine.", Detail: err.Error(),
	}
}

// evidence returns the evidence that is kept against a log.
func (w *Witness) evidence(l *witnessed) []finding.Finding {
	names, err := list(w.path(l, evidenceName))
	if err != nil {
		return []finding.Finding{failed(l.directory, l.origin, err)}
	}
	var found []finding.Finding
	for _, name := range names {
		e, err := l.readEvidence(name)
		if errors.Is(err, checkpoint.ErrNotSigned) {
			continue // the log's key was taken out of the configuration
		} else if err != nil {
			found = append(found, finding.Finding{
				Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning, Condition: true,
				Directory: l.directory, Subject: name, Summary: "An evidence file of the witness is damaged.", Detail: err.Error(),
				Hint: "the copy that the monitor made of it when it was found may be good: " + name,
			})
			continue
		}
		found = append(found, finding.Finding{
			Rule: finding.Rule(e.Kind), Class: finding.Evidence, Severity: finding.Critical, Directory: l.directory,
			Subject: filepath.Base(name), Summary: e.Summary, File: name,
			Hint: "show the file to others: everybody who has the log's key can check it",
		})
	}
	return found
}

func (l *witnessed) readEvidence(name string) (*evidence.Evidence, error) {
	const largest = 4 << 20
	data, err := readSmall(name, largest)
	if err != nil {
		return nil, err
	}
	e, err := evidence.Parse(data)
	if err != nil {
		return nil, err
	}
	var expected evidence.Expected
	for _, log := range l.policy.Logs {
		expected.Logs = append(expected.Logs, log.VerifierKey)
	}
	_, err = e.Verify(expected)
	return e, err
}

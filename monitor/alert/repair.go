package alert

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// repair opens the database of a ledger. If that is damaged, or has less than the
// files of alerts, it is moved aside and made again from them.
type repair struct {
	l       *Ledger
	found   []finding.Finding
	rebuilt bool
}

func (r *repair) say(subject, summary, hint string) {
	r.l.cfg.Logger.Warn("damaged state of alerts", "name", subject, "what", summary)
	r.found = append(r.found, finding.Finding{
		Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning,
		Subject: subject, Summary: summary, Detail: "It is " + subject + " in the monitor's folder.", Hint: hint,
	})
}

const diskHint = "look for the cause in the log of this machine: a disk that fails, or a copy of the folder that was not whole"

func (r *repair) run() error {
	files, err := r.alertFiles()
	if err != nil {
		return err
	}
	whole, err := r.openWhole(files)
	if err != nil {
		return err
	}
	if err := r.openSecret(); err != nil || whole {
		return err
	}
	r.rebuilt = true
	return r.rebuild(files)
}

// openWhole opens the database. It reports whether that has all alerts that are files;
// if not, it has been moved aside, and a new one is open.
func (r *repair) openWhole(files []string) (bool, error) {
	s := r.l.store
	err := s.open()
	if err == nil {
		err = r.check(files)
	}
	switch {
	case err == nil:
		return true, nil
	case err == errNew:
		if len(files) > 0 {
			r.say(ledgerFolder, "the ledger of alerts is missing, and was made again from the files of alerts", diskHint)
		}
		return len(files) == 0, nil
	case !isDamage(err):
		return false, err
	}
	if s.db != nil {
		_ = s.close()
	}
	aside, err2 := r.l.folder.aside(ledgerFolder)
	if err2 != nil {
		return false, errors.Join(err, err2)
	}
	r.l.cfg.Logger.Error("the ledger of alerts is damaged", "err", err)
	r.say(aside, "the ledger of alerts was damaged, and was made again from the files of alerts", diskHint)
	return false, s.open()
}

// errNew says that a database has neither alerts nor a secret.
var errNew = errors.New("the database is new")

// check reads the whole database: it must be readable, and have all alerts that are
// files. Alerts must have their files.
func (r *repair) check(files []string) (err error) {
	defer func() { // a damaged file can make Pebble panic
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	s := r.l.store
	secret, err := s.get(secretName)
	if err != nil {
		return err
	}
	if secret == nil {
		if last, err := s.last(); err != nil {
			return err
		} else if last == 0 {
			return errNew
		}
		return fmt.Errorf("%w: the key of IDs is missing", errDamaged)
	}
	if err := s.scan("", checkRecord); err != nil {
		return err
	}
	for _, id := range files {
		n, err := s.number("i" + id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: the alert %s is missing", errDamaged, id)
		}
	}
	filed, err := s.number(filedName)
	if err != nil {
		return err
	}
	return s.scan("a", func(_ string, value []byte) error {
		a, err := Parse(value)
		if err != nil || a.Number > filed {
			return err
		}
		return r.checkFiles(a, value)
	})
}

// checkRecord returns an error for a record that is none.
func checkRecord(key string, value []byte) (err error) {
	switch key[0] {
	case 'a':
		_, err = Parse(value)
	case 'b':
		err = decode(value, new(budget))
	case 'c':
		err = decode(value, new(lasting))
	case 'i', 'q':
		_, err = parseNumber(value)
	case 'k':
		err = decode(value, new(Ack))
	case 'r':
		err = decode(value, new(observed))
	case 's':
		err = decode(value, new(cursor))
	case 'o', 0:
	default:
		err = errDamaged
	}
	if err != nil {
		err = fmt.Errorf("%w: a record %q: %w", errDamaged, key[0], err)
	}
	return err
}

// checkFiles writes the file of an alert again that is missing or differs, and says
// so, and says if its evidence does.
func (r *repair) checkFiles(a *Alert, want []byte) error {
	name := alertName(a.ID)
	got, err := r.l.folder.read(name, MaxSize)
	if err != nil || !bytes.Equal(got, want) {
		missing := errors.Is(err, fs.ErrNotExist)
		aside, err := r.l.folder.keep(name, want)
		if err != nil {
			return err
		}
		if missing {
			r.say(name, "the file of an alert was missing, and was written again", diskHint)
		} else {
			r.say(aside, "the file of an alert was damaged, and was written again", diskHint)
		}
	}
	if a.Evidence == "" {
		return nil
	}
	data, err := r.l.folder.read(a.Evidence, evidence.MaxSize)
	sum := sha256.Sum256(data)
	if err != nil || hex.EncodeToString(sum[:]) != a.EvidenceSHA256 {
		r.say(a.Evidence, "the copy of an evidence file is missing or damaged",
			"copy the file again from the folder of the role that found it")
	}
	return nil
}

// openSecret sets the key of IDs, which the database and a file have.
func (r *repair) openSecret() error {
	l := r.l
	stored, err := l.store.get(secretName)
	if err != nil {
		return err
	}
	kept, err := l.folder.read(idKeyName, idKeySize)
	fresh := errors.Is(err, fs.ErrNotExist)
	if len(kept) != idKeySize {
		kept = nil
	}
	switch {
	case stored != nil && bytes.Equal(stored, kept):
		l.secret = stored
		return nil
	case stored != nil:
		l.secret = stored
		r.say(idKeyName, "the key of the IDs of alerts was missing or damaged, and was written again", diskHint)
	case kept != nil:
		l.secret = kept
	default:
		if files, err := l.folder.ids(alertsFolder); err != nil {
			return err
		} else if len(files) > 0 || !fresh {
			r.say(idKeyName, "the key of the IDs of alerts is lost: what is found again is told again", diskHint)
		}
		l.secret = make([]byte, idKeySize)
		_, _ = rand.Read(l.secret)
	}
	if !bytes.Equal(kept, l.secret) {
		if _, err := l.folder.keep(idKeyName, l.secret); err != nil {
			return err
		}
	}
	b := l.store.db.NewBatch()
	return l.store.commit(b, b.Set([]byte(secretName), l.secret, nil))
}

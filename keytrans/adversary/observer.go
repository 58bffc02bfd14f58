package adversary

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// Observer is somebody who looks at what a directory shows, after what it has
// seen of the honest log.
type Observer struct {
	// Name says who it is, and is different for each.
	Name string
	look func(w *World, d *Directory) error
	// honest is the directory in which the Observer sees nothing wrong, World.Honest
	// if nil.
	honest func(w *World) *Directory
	modes  []keytrans.DeploymentMode // in which there is such an Observer, nil for all
}

// checkHonest returns an error if the observer notices anything of an honest
// directory.
func (o *Observer) checkHonest(w *World) error {
	err, ok := w.honest[o.Name]
	if !ok {
		d := w.Honest()
		if o.honest != nil {
			d = o.honest(w)
		}
		err = o.look(w, d)
		w.honest[o.Name] = err
	}
	return err
}

// grown is somebody who looks when the directory serves all of its log.
func grown(o Observer) Observer {
	look := o.look
	o.Name += ", at the whole log"
	o.look = func(w *World, d *Directory) error { return look(w, d.At(d.Log.Size())) }
	return o
}

// late is somebody who looks when an honest log would have more entries: the last
// one has by then become older than max_behind allows.
func late(o Observer) Observer {
	const later = tolerance + interval
	return Observer{
		Name: o.Name + ", later", look: func(w *World, d *Directory) error {
			return o.look(&World{Log: w.Log, later: later}, d)
		},
		honest: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
				if pos == Size-1 {
					e.Timestamp += later
				}
			}))
		},
	}
}

// seen returns a user who has seen the honest log when it had size entries, 0 for
// a newcomer, after prepare did with it what it had to.
func seen(w *World, size uint64, prepare func(u *user, d answerer) error) (*user, error) {
	u := newUser(w)
	if size > 0 {
		d := w.ServeAt(w.Log, size)
		u.now = w.Log.Now(size)
		if _, err := u.distinguished(d); err != nil {
			return nil, fmt.Errorf("before the attack: %w", err)
		}
		if err := prepare(u, d); err != nil {
			return nil, fmt.Errorf("before the attack: %w", err)
		}
	}
	u.now = w.Now()
	return u, nil
}

func nothing(*user, answerer) error { return nil }

// observer returns an Observer who has seen size entries.
func observer(name string, size uint64, prepare, look func(u *user, d answerer) error) Observer {
	if size == 0 {
		name += ", who has seen nothing"
	} else {
		name += fmt.Sprintf(", who has seen %d entries", size)
	}
	return Observer{Name: name, look: func(w *World, d *Directory) error {
		u, err := seen(w, size, prepare)
		if err != nil {
			return err
		}
		return look(u, d)
	}}
}

// searcher looks up the greatest version of a label.
func searcher(size uint64, label string) Observer {
	return observer("a searcher of "+label, size, nothing, func(u *user, d answerer) error {
		_, err := u.search(d, label, nil)
		return err
	})
}

// fixed looks up a given version of a label.
func fixed(size uint64, label string, version uint32) Observer {
	return observer(fmt.Sprintf("a searcher of version %d of %s", version, label), size, nothing, func(u *user, d answerer) error {
		_, err := u.search(d, label, &version)
		return err
	})
}

// fixedExpired looks up a given version of a label that has expired: an honest
// directory gives no answer.
func fixedExpired(size uint64, label string, version uint32) Observer {
	o := fixed(size, label, version)
	look := o.look
	o.Name += ", which has expired"
	o.look = func(w *World, d *Directory) error {
		err := look(w, d)
		if errors.Is(err, errNoAnswer) && errors.Is(err, keytrans.ErrVersionExpired) {
			return nil
		}
		return err
	}
	return o
}

// batcher looks up several labels at once, of which one has no versions.
func batcher(size uint64, labels ...string) Observer {
	return observer(fmt.Sprint("a searcher of all of ", labels), size, nothing, func(u *user, d answerer) error {
		return u.batch(d, labels...)
	})
}

// denied is told that a label has no such version, of which an honest directory
// says that it exists. Before that, prepare made somebody of it.
func denied(who string, size uint64, label string, version *uint32, prepare func(u *user, d answerer) error) Observer {
	return observer(fmt.Sprintf("%s who is denied a version of %s", who, label), size, prepare, func(u *user, d answerer) error {
		if err := u.absent(d, label, version); !errors.Is(err, keytrans.ErrRequest) {
			return err
		}
		return nil
	})
}

// absentee asks for a label that has no versions.
func absentee(size uint64) Observer {
	return observer("somebody who asks for a label without versions", size, nothing, func(u *user, d answerer) error {
		return u.absent(d, "nobody", nil)
	})
}

// looked is the preparation of a contact.
func looked(label string) func(u *user, d answerer) error {
	return func(u *user, d answerer) error {
		_, err := u.search(d, label, nil)
		if err == nil && len(u.contact(label).Map) == 0 {
			err = errors.New("a contact has nothing to monitor")
		}
		return err
	}
}

// contact looked up the label and monitors it.
func contact(size uint64, label string) Observer {
	return observer("a contact of "+label, size, looked(label), func(u *user, d answerer) error { return u.monitor(d, label) })
}

// victim is somebody who looks up a label, for the first time, when the dishonest
// directory's log has size entries, and monitors it when it has all of them.
func victim(size uint64, label string) Observer {
	return Observer{Name: fmt.Sprintf("a contact of %s, who begins when there are %d entries", label, size), look: func(w *World, d *Directory) error {
		u := newUser(w)
		u.now = w.Log.Now(size)
		if _, err := u.search(d.At(size), label, nil); err != nil {
			return err
		}
		u.now = w.Now()
		return u.monitor(d, label)
	}}
}

// ownerSearches is an owner who looks the label up as others do.
func ownerSearches(size uint64, label string) Observer {
	return observer("an owner of "+label+" who searches", size, took(label), func(u *user, d answerer) error {
		_, err := u.search(d, label, nil)
		return err
	})
}

// newOwner takes a label over.
func newOwner(size uint64, label string, start uint64) Observer {
	return observer(fmt.Sprintf("a new owner of %s at %d", label, start), size, nothing, func(u *user, d answerer) error {
		return u.own(d, label, start)
	})
}

// took is the preparation of an owner since entry 7, who has learned of all
// versions.
func took(label string) func(u *user, d answerer) error {
	return func(u *user, d answerer) error {
		if err := u.own(d, label, 7); err != nil {
			return err
		}
		if err := u.update(d, label); !errors.Is(err, errNoAnswer) && !errors.Is(err, errStranger) {
			return err
		}
		return nil
	}
}

// owner watches a label that it owns since entry 7, of which it knows all
// versions.
func owner(size uint64, label string) Observer {
	return observer("an owner of "+label, size, took(label), func(u *user, d answerer) error { return u.watch(d, label) })
}

// asker is an owner who asks for new versions that it does not know of.
func asker(size uint64, label string) Observer {
	return observer("an owner of "+label+" who asks for news", size, took(label), func(u *user, d answerer) error {
		if err := u.update(d, label); !errors.Is(err, keytrans.ErrRequest) {
			return err
		}
		return nil
	})
}

// learner is an owner since entry 7 who asks for versions that others created for
// it, and is to be told of some.
func learner(size uint64, label string) Observer {
	return observer("an owner of "+label+" who is told of new versions", size, took(label), func(u *user, d answerer) error {
		if err := u.update(d, label); !errors.Is(err, errStranger) {
			return err
		}
		return nil
	})
}

// The value that a creator asks to create, and the version that it is to become.
const (
	wanted        = "the new key of erin"
	wantedVersion = 1
)

// creator owns erin since entry 7 and asks to create a version when the log has
// size entries. The directory makes the next entry for it.
func creator(size uint64) Observer {
	return creating("creates a version", size, func(*user, *Directory) error { return nil })
}

// creatorWatches goes on to monitor right after that.
func creatorWatches(size uint64) Observer {
	return creating("creates a version and watches", size, func(u *user, d *Directory) error { return u.watch(d, "erin") })
}

// creatorLater goes on to monitor when the log has some more entries.
func creatorLater(size uint64) Observer {
	return creating("creates a version and watches later", size, func(u *user, d *Directory) error {
		return u.watch(d.At(d.Log.Size()), "erin")
	})
}

func creating(who string, size uint64, then func(u *user, d *Directory) error) Observer {
	return Observer{
		Name: fmt.Sprintf("an owner of erin, who has seen %d entries and %s", size, who),
		look: func(w *World, d *Directory) error {
			u, err := seen(w, size, took("erin"))
			if err != nil {
				return err
			}
			if err := u.update(d, "erin", wanted); err != nil {
				return err
			}
			return then(u, d)
		},
		honest: func(w *World) *Directory { return w.Create(size, keytranstest.Create("erin", wanted)) },
	}
}

// walker walks the distinguished entries.
func walker(size uint64) Observer {
	return observer("a user", size, nothing, func(u *user, d answerer) error {
		_, err := u.distinguished(d)
		return err
	})
}

// errFork says that two users have verified different logs.
var errFork = errors.New("two users have seen two logs")

// comparing are two users, of whom one is shown the honest log and the other
// what the directory shows: they compare the roots and the distinguished entries.
var comparing = Observer{Name: "two users who compare", look: func(w *World, d *Directory) error {
	one, other := newUser(w), newUser(w)
	one.now, other.now = w.Now(), w.Now()
	if _, err := one.distinguished(w.Honest()); err != nil {
		return err
	}
	if _, err := other.distinguished(d); err != nil {
		return err
	}
	return compare(one, other)
}}

func compare(one, other *user) error {
	for pos, e := range one.entries {
		if f, ok := other.entries[pos]; ok && e != f {
			return fmt.Errorf("%w: entry %d", errFork, pos)
		}
	}
	if one.view.Head.TreeSize != other.view.Head.TreeSize {
		return nil
	}
	a, err := one.view.Root()
	if err != nil {
		return err
	}
	b, err := other.view.Root()
	if err == nil && a != b {
		err = fmt.Errorf("%w: roots of %d entries", errFork, one.view.Head.TreeSize)
	}
	return err
}

// errOtherLog says that users are shown another log than follows from what the
// auditor was told: the auditor's head is of another root then.
var errOtherLog = errors.New("users are shown another log than the auditor was told of")

// auditor has processed size entries of the honest log and goes on with what it
// is told. There is one under ThirdPartyAuditing only.
func auditor(size uint64) Observer {
	return Observer{Name: fmt.Sprintf("an auditor, who has processed %d entries", size), look: func(w *World, d *Directory) error {
		a, err := keytrans.NewAuditor(w.Log.Config)
		if err != nil {
			return err
		}
		for pos := range d.Log.Size() {
			update := w.Log.AuditorUpdate
			if pos >= size {
				update = d.Tell
			}
			data, err := update(pos).Marshal()
			if err != nil {
				return err
			}
			u, err := keytrans.ParseAuditorUpdate(data)
			if err != nil {
				return err
			}
			if err := a.Apply(u); err != nil {
				return fmt.Errorf("entry %d: %w", pos, err)
			}
		}
		head, err := a.Head(w.Log.Keys.Auditor)
		if err != nil {
			return err
		}
		if keytrans.VerifyAuditorTreeHead(w.Log.Config, head, d.Log.Root(d.Log.Size())) != nil {
			return errOtherLog
		}
		return nil
	}, modes: audited}
}

// everybody has users of each operation notice the same.
func everybody(by Check) []Notice {
	return append(whoLooksUp(by), Notice{walker(0), by}, Notice{walker(10), by})
}

// whoLooksUp has users of each operation that looks versions up notice the same.
func whoLooksUp(by Check) []Notice {
	var out []Notice
	for _, who := range []Observer{
		searcher(0, "alice"), searcher(10, "alice"), fixed(10, "alice", 2), contact(9, "bob"), contact(10, "bob"),
		newOwner(10, "alice", 15), owner(10, "alice"), learner(10, "dave"), absentee(10), batcher(10, "alice", "nobody"),
	} {
		out = append(out, Notice{who, by})
	}
	return out
}

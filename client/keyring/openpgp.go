package keyring

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// A labelled is a minimised certificate and the label it is for.
type labelled struct {
	label string
	data  []byte
}

// imported is what came of one certificate.
type imported struct {
	index   int
	keys    []labelled
	skipped []Skipped
	users   int
	revoked string // fingerprint
}

// readOpenPGP reads a keyring from s.r. One goroutine splits it into
// certificates, Workers verify them; nearly all the time goes into signatures.
func (s *source) readOpenPGP() error {
	jobs := make(chan *rawCert, s.opt.Workers)
	var mu sync.Mutex
	var done []imported
	var wg sync.WaitGroup
	for range s.opt.Workers {
		wg.Go(func() {
			for c := range jobs {
				im := s.opt.importCert(c)
				mu.Lock()
				done = append(done, im)
				mu.Unlock()
			}
		})
	}
	err := s.splitKeyring(jobs)
	close(jobs)
	wg.Wait()
	if err != nil {
		return err
	}
	slices.SortFunc(done, func(a, b imported) int { return cmp.Compare(a.index, b.index) })
	for _, im := range done {
		s.res.UserIDs += im.users
		for _, k := range im.keys {
			s.col.add(k.label, keyset.Key{Format: keyset.FormatOpenPGP, Data: k.data})
		}
		for _, k := range im.skipped {
			s.skip(k.Item, k.Reason)
		}
		if im.revoked != "" {
			s.res.Revoked = append(s.res.Revoked, im.revoked)
			s.col.revoke(im.revoked)
		}
	}
	return nil
}

// splitKeyring sends every certificate of s.r to jobs.
func (s *source) splitKeyring(jobs chan<- *rawCert) error {
	p := &packetReader{r: s.r}
	var c *rawCert
	for {
		k, err := p.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if c != nil && (err != nil || k.tag == tagPublicKey) {
			jobs <- c
			s.opt.Progress(s.in.n-int64(s.r.Buffered()), s.res.Items)
		}
		switch {
		case err != nil:
			return nil
		case k.tag == tagPublicKey:
			if err := s.item(); err != nil {
				return err
			}
			c = newRawCert(s.res.Items, k)
		case c != nil:
			c.add(k)
		case k.tag != tagMarker && k.tag != tagPadding:
			return fmt.Errorf("%w: OpenPGP data that begins with packet type %d, not with a public key", ErrUnrecognized, k.tag)
		}
	}
}

// importCert makes the labelled keys of one certificate.
func (o Options) importCert(raw *rawCert) imported {
	im := imported{index: raw.index, users: len(raw.users)}
	skip := func(item, reason string) {
		im.skipped = append(im.skipped, Skipped{Item: item, Reason: reason})
	}
	c, err := verifyCert(raw, o.Now)
	switch {
	case err != nil:
		skip(raw.item(), err.Error())
	case c.revoked:
		im.revoked = raw.fingerprint
		skip(raw.item(), reasonRevoked)
	case c.expired(o.Now) && !o.Expired:
		skip(raw.item(), reasonExpired)
	case o.Label != "":
		data, err := c.minimise(c.userFor(o.Label), o.Now, o.Expired)
		if err != nil {
			skip(raw.item(), err.Error())
			break
		}
		im.keys = append(im.keys, labelled{o.Label, data})
	case len(c.users) == 0:
		skip(raw.item(), reasonNoUserID)
	default:
		o.importUsers(c, &im)
	}
	return im
}

// importUsers adds a key for each address of the certificate.
func (o Options) importUsers(c *cert, im *imported) {
	for _, u := range c.users {
		if u.skip == "" && c.userFor(u.label) != u {
			u.skip = reasonDuplicate
		}
	}
	for _, u := range c.users {
		if u.skip == "" {
			data, err := c.minimise(u, o.Now, o.Expired)
			if err == nil {
				im.keys = append(im.keys, labelled{u.label, data})
				continue
			}
			u.skip = err.Error()
		}
		im.skipped = append(im.skipped, Skipped{
			Item:   fmt.Sprintf("%s, user id %d", c.raw.item(), u.number),
			Reason: u.skip,
		})
	}
}

// userFor returns the user id that is published under label: the best of those
// with that address; if there is none, the one that speaks for the
// certificate; nil if there is none of those either.
func (c *cert) userFor(label string) *user {
	var match []*user
	for _, u := range c.users {
		if u.usable() && u.label == label {
			match = append(match, u)
		}
	}
	if len(match) > 0 {
		return slices.MinFunc(match, best)
	}
	return c.primaryUser()
}

// mergeCerts unites two minimised certificates of one primary key and label:
// the newest self-signatures of both. It returns nil if the union is revoked
// or, unless asked for, expired.
func mergeCerts(label string, a, b []byte, now time.Time, expired bool) []byte {
	var raw *rawCert
	for _, data := range [][]byte{a, b} {
		p := &packetReader{r: bufio.NewReader(bytes.NewReader(data))}
		k, err := p.next()
		if err != nil {
			return nil
		}
		one := newRawCert(1, k)
		for k, err = p.next(); err == nil; k, err = p.next() {
			one.add(k)
		}
		if raw == nil {
			raw = one
		} else {
			raw.merge(one)
		}
	}
	c, err := verifyCert(raw, now)
	if err != nil || c.revoked || c.expired(now) && !expired {
		return nil
	}
	data, err := c.minimise(c.userFor(label), now, expired)
	if err != nil {
		return nil
	}
	return data
}

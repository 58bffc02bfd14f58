package alert

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

// The records of a ledger, by the beginning of their keys. Numbers are 8 bytes,
// big-endian; what is after them is JSON, unless it says otherwise.
//
//	"\x00format"          formatV1, text
//	"\x00secret"          the idKey, 32 bytes
//	"\x00filed"           number of the last alert that is a file, 8 bytes
//	"a" NUMBER            an alert, as in its file
//	"b" ROLE GROUP        budget: the alerts of a role's day, of a rule and directory
//	"c" ROLE SCOPE        lasting: a condition
//	"i" ID                the number of the alert, 8 bytes
//	"k" ID                ack: its acknowledgement
//	"o" NUMBER            nothing: the alert is open
//	"q" SCOPE             the last alert of a scope, 8 bytes
//	"r" ROLE              observed: how long a role has observed
//	"s" SINK              cursor: up to where a sink has delivered
//
// ROLE and GROUP are hashes, and 16 digits long like SCOPE.
const (
	formatName = "\x00format"
	secretName = "\x00secret"
	filedName  = "\x00filed"
	formatV1   = "ghostlight.alerts.v1"
)

var (
	errDamaged = errors.New("damaged record")
	errForeign = errors.New("unknown format of the ledger")
	errClosed  = errors.New("the ledger is closed")
)

// The size of the database's memory, which holds a few thousand alerts.
const (
	memTableSize = 1 << 20
	cacheSize    = 1 << 20
)

// store is the database of a ledger. It is not safe for concurrent use.
type store struct {
	folder *folder
	fs     vfs.FS
	logger *slog.Logger
	guard  *pebbleguard.Guard
	db     *pebble.DB
}

// open opens the database, or makes one.
func (s *store) open() (err error) {
	guard := pebbleguard.New(s.fs, s.logger)
	var db *pebble.DB
	err = guard.Run(func() (err error) {
		defer func() { // a damaged file can make Pebble panic
			if p := recover(); p != nil {
				err = fmt.Errorf("%w: %v", errDamaged, p)
			}
		}()
		db, err = pebble.Open(s.folder.path(ledgerFolder), pebbleOptions(guard))
		return err
	})
	if err != nil {
		return errors.Join(err, guard.Unlock())
	}
	s.guard, s.db = guard, db
	if err := s.checkFormat(); err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

func pebbleOptions(g *pebbleguard.Guard) *pebble.Options {
	return &pebble.Options{
		CacheSize: cacheSize,
		FS:        g,
		Logger:    g,
		// Explicit, because a newer Pebble's default could lock out an older program.
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: 4,
		EventListener: &pebble.EventListener{
			BackgroundError: g.Stop,
			DataCorruption:  func(i pebble.DataCorruptionInfo) { g.Stop(i.Details) },
		},
	}
}

// checkFormat refuses a database of another format, and marks a new one.
func (s *store) checkFormat() error {
	format, err := s.get(formatName)
	if err != nil {
		return err
	}
	if format != nil && string(format) != formatV1 {
		return fmt.Errorf("%w: %q, this program knows %q", errForeign, format, formatV1)
	}
	if format != nil {
		return nil
	}
	// It is the first record of all.
	empty := true
	if err := s.scan("", func(string, []byte) error { empty = false; return nil }); err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: it has records, but no format", errDamaged)
	}
	b := s.db.NewBatch()
	return s.commit(b, b.Set([]byte(formatName), []byte(formatV1), nil))
}

// close closes the database. It is safe to call after a failure.
func (s *store) close() error {
	if s.db == nil {
		return nil
	}
	err := s.guard.Run(s.db.Close)
	if s.guard.Err() != nil {
		err = errors.Join(err, s.guard.Unlock())
	}
	s.db = nil
	return err
}

// ready makes the store usable again after a failed write: it opens the database anew,
// once there is space. What was written before the failure is there, or is not.
func (s *store) ready() error {
	if s.db != nil && s.guard.Err() == nil {
		return nil
	}
	if s.db == nil && s.guard == nil {
		return errClosed
	}
	// A database that has stopped is not freed, so that it must not happen often.
	probe := make([]byte, 2*memTableSize)
	_, _ = rand.Read(probe)
	name := ledgerFolder + "/" + tempPrefix + "probe"
	if err := errors.Join(s.folder.replace(name, probe), os.Remove(s.folder.path(name))); err != nil {
		return err
	}
	if err := s.close(); err != nil && s.guard.Err() == nil {
		return err
	}
	return s.open()
}

func (s *store) get(key string) ([]byte, error) {
	value, closer, err := s.db.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	// Not nil, also if it is empty.
	return append([]byte{}, value...), closer.Close()
}

// number returns a record of 8 bytes, 0 if there is none.
func (s *store) number(key string) (uint64, error) {
	value, err := s.get(key)
	if err != nil || value == nil {
		return 0, err
	}
	return parseNumber(value)
}

func parseNumber(value []byte) (uint64, error) {
	if len(value) != 8 {
		return 0, fmt.Errorf("%w: a number of %d bytes", errDamaged, len(value))
	}
	return binary.BigEndian.Uint64(value), nil
}

func formatNumber(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// getJSON reads a record, and reports whether there is one.
func (s *store) getJSON(key string, out any) (bool, error) {
	value, err := s.get(key)
	if err != nil || value == nil {
		return false, err
	}
	return true, decode(value, out)
}

func setJSON(b *pebble.Batch, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return b.Set([]byte(key), data, nil)
}

// scan calls f for all records whose keys begin with prefix, in order of the keys,
// and with what follows the prefix. The value is valid until f returns.
func (s *store) scan(prefix string, f func(rest string, value []byte) error) error {
	return s.scanFrom(prefix, prefix, f)
}

// scanFrom is scan, beginning with the key from.
func (s *store) scanFrom(from, prefix string, f func(rest string, value []byte) error) (err error) {
	options := &pebble.IterOptions{UpperBound: after(prefix)}
	if from != "" {
		options.LowerBound = []byte(from)
	}
	it, err := s.db.NewIter(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		if err := f(string(it.Key()[len(prefix):]), it.Value()); err != nil {
			return err
		}
	}
	return it.Error()
}

// after returns the first key after those that begin with prefix, nil if all do.
func after(prefix string) []byte {
	if prefix == "" {
		return nil
	}
	end := []byte(prefix)
	end[len(end)-1]++ // prefixes are ASCII
	return end
}

// last returns the number of the last alert, 0 if there is none.
func (s *store) last() (n uint64, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte("a"), UpperBound: []byte("b")})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Last() {
		return 0, it.Error()
	}
	return parseNumber(it.Key()[1:])
}

// alert returns an alert by its number, nil if there is none.
func (s *store) alert(n uint64) (*Alert, error) {
	data, err := s.get("a" + string(formatNumber(n)))
	if err != nil || data == nil {
		return nil, err
	}
	return Parse(data)
}

// byID returns an alert, nil if there is none.
func (s *store) byID(id string) (*Alert, error) {
	n, err := s.number("i" + id)
	if err != nil || n == 0 {
		return nil, err
	}
	return s.alert(n)
}

// commit makes a batch durable unless filling it failed.
func (s *store) commit(b *pebble.Batch, filled error) error {
	if filled != nil {
		return errors.Join(filled, b.Close())
	}
	return s.guard.Run(func() error {
		if err := s.db.Apply(b, pebble.Sync); err != nil {
			s.guard.Stop(err)
			return err
		}
		return b.Close()
	})
}

// isDamage reports whether an error of opening or reading the database says that its
// files are damaged, rather than that this process cannot use them now.
func isDamage(err error) bool {
	for _, other := range []error{pebbleguard.ErrLocked, errForeign, errClosed, fs.ErrPermission,
		syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.EIO, syscall.ENOMEM} {
		if errors.Is(err, other) {
			return false
		}
	}
	return err != nil
}

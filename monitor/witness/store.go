package witness

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

// The folder of a witness. HASH is the SHA-256 hash of a log's origin, in
// hexadecimal.
//
//	db/                     Pebble: under HASH the latest note that was cosigned
//	db.damaged/             the last database that could not be read, if any
//	logs/HASH/checkpoint    the same note as a file, written after the database
//	logs/HASH/evidence/     of misbehaviour
//	logs/HASH/refused/      signed checkpoints whose proof did not verify
//
// Both copies of a note are durable before the cosignature leaves this process, so
// that either alone says all that was answered.
const (
	dbName         = "db"
	damagedName    = "db.damaged"
	logsName       = "logs"
	checkpointName = "checkpoint"
	refusedName    = "refused"
	evidenceName   = "evidence"
)

// Keys of the database that are no hash.
var (
	formatKey = []byte("format")
	// rebuiltKey is there if an earlier database was lost: what is in neither copy
	// may have been in that one.
	rebuiltKey = []byte("rebuilt")
)

const formatV1 = "ghostlight.witness.v1"

// store keeps the notes. Its methods are safe for concurrent use for different logs.
type store struct {
	dir     string
	db      *pebble.DB
	guard   *pebbleguard.Guard
	rebuilt bool

	// hook, of tests, is called between the steps of put.
	hook func(step string) error
}

// openStore opens the store in a folder, which it makes if there is none. lost says
// why the database was lost, if it was just now; it is an empty one then.
func openStore(dir string, logger *slog.Logger) (s *store, lost, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	s = &store{dir: dir}
	err = s.openDB(logger)
	if isDamage(err) {
		lost = err
		if err := s.setAside(); err != nil {
			return nil, nil, err
		}
		err = s.openDB(logger)
	}
	if err != nil {
		return nil, nil, err
	}
	if lost == nil && !s.has(formatKey) && exists(filepath.Join(dir, logsName)) {
		lost = errors.New("there is no database any more")
	}
	if err := s.begin(lost); err != nil {
		return nil, nil, errors.Join(err, s.close())
	}
	return s, lost, nil
}

// openDB opens the database and reads all of it.
func (s *store) openDB(logger *slog.Logger) error {
	s.guard = pebbleguard.New(vfs.Default, logger)
	err := s.guard.Run(func() (err error) {
		s.db, err = pebble.Open(filepath.Join(s.dir, dbName), &pebble.Options{
			FS: s.guard, Logger: s.guard, CacheSize: 1 << 20, MemTableSize: 1 << 20,
			FormatMajorVersion: pebble.FormatTableFormatV6,
			EventListener: &pebble.EventListener{
				BackgroundError: s.guard.Stop,
				DataCorruption:  func(i pebble.DataCorruptionInfo) { s.guard.Stop(i.Details) },
			},
		})
		if err != nil {
			return err
		}
		if err := s.readAll(); err != nil {
			return errors.Join(err, s.db.Close())
		}
		return nil
	})
	if err != nil && s.guard.Err() != nil {
		err = errors.Join(err, s.guard.Unlock())
	}
	return err
}

// readAll reads every record, which finds the damage that Pebble's checksums do.
func (s *store) readAll() error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		if _, err := it.ValueAndErr(); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// isDamage reports whether a database cannot be opened because of what is in it,
// and not because the file system failed or another process has it.
func isDamage(err error) bool {
	var errno syscall.Errno
	if err == nil || errors.Is(err, pebbleguard.ErrLocked) {
		return false
	}
	return !errors.As(err, &errno) || errors.Is(err, fs.ErrNotExist)
}

// setAside moves a damaged database away. That there was one is known by logs/.
func (s *store) setAside() error {
	damaged := filepath.Join(s.dir, damagedName)
	if err := os.MkdirAll(filepath.Join(s.dir, logsName), 0o700); err != nil {
		return err
	}
	return errors.Join(durable.SyncFolder(s.dir), os.RemoveAll(damaged),
		os.Rename(filepath.Join(s.dir, dbName), damaged), durable.SyncFolder(s.dir))
}

// begin makes an empty database one of a witness.
func (s *store) begin(lost error) error {
	format, err := s.get(formatKey)
	switch {
	case err != nil:
		return err
	case format != nil && string(format) != formatV1:
		return fmt.Errorf("the format of %s is %q, this program knows %q", s.dir, format, formatV1)
	}
	if format == nil {
		err := s.guard.Run(func() error {
			b := s.db.NewBatch()
			err := b.Set(formatKey, []byte(formatV1), nil)
			if lost != nil {
				err = errors.Join(err, b.Set(rebuiltKey, []byte(lost.Error()), nil))
			}
			return errors.Join(err, b.Commit(pebble.Sync))
		})
		if err != nil {
			return err
		}
	}
	s.rebuilt = s.has(rebuiltKey)
	return errors.Join(os.MkdirAll(filepath.Join(s.dir, logsName), 0o700), durable.SyncFolder(s.dir))
}

// get returns a record, nil if there is none.
func (s *store) get(key []byte) (value []byte, err error) {
	if err := s.guard.Err(); err != nil {
		return nil, err
	}
	data, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	value = append([]byte{}, data...)
	return value, closer.Close()
}

func (s *store) has(key []byte) bool {
	value, err := s.get(key)
	return err == nil && value != nil
}

// readFile returns the copy of a log's note that is a file, nil if there is none.
func (s *store) readFile(hash string) ([]byte, error) {
	return readSmall(s.path(hash, checkpointName), checkpoint.MaxNoteSize)
}

// put stores the note of a log, durably in both places. After an error either may
// have it.
func (s *store) put(hash string, note []byte) error {
	err := s.guard.Run(func() error {
		err := s.db.Set([]byte(hash), note, pebble.Sync)
		if err != nil {
			s.guard.Stop(err)
		}
		return err
	})
	if err == nil {
		err = s.step("between")
	}
	if err == nil {
		err = writeFile(s.path(hash, checkpointName), note)
	}
	if err == nil {
		err = s.step("stored")
	}
	return err
}

func (s *store) step(name string) error {
	if s.hook == nil {
		return nil
	}
	return s.hook(name)
}

func (s *store) path(hash string, names ...string) string {
	return filepath.Join(append([]string{s.dir, logsName, hash}, names...)...)
}

// close ends the store.
func (s *store) close() error {
	err := s.guard.Run(s.db.Close)
	if s.guard.Err() != nil {
		err = errors.Join(err, s.guard.Unlock())
	}
	return err
}

// writeFile replaces a file, and makes the folder above it.
func writeFile(path string, data []byte) error {
	if dir := filepath.Dir(path); !exists(dir) {
		if err := durable.MakeFolder(dir); err != nil {
			return err
		}
	}
	return durable.Replace(path, data)
}

// readSmall reads a file of at most limit bytes. It returns nil if there is none.
func readSmall(path string, limit int64) ([]byte, error) {
	data, err := durable.ReadFile(path, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// list returns the paths of the files in a folder, in order, but for those that are
// being written. There need not be a folder.
func list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) != durable.Suffix {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

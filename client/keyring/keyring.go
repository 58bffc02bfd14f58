// Package keyring reads the key files people have into key sets by label:
// OpenPGP keyrings (RFC 9580, RFC 4880), OpenSSH authorized_keys (sshd(8),
// RFC 4253), age recipients files (age-encryption.org/v1), X.509 certificates
// and public keys in PEM and DER (RFC 7468, RFC 5280), JWK Sets (RFC 7517), MLS
// KeyPackages (RFC 9420), raw keys as lines of text, and CSV files of
// label,key-file. docs/keyset.md has a table. What a file is, is decided by its
// content, not its name.
//
// The label of a key is the e-mail address its file gives it, as package label
// writes it: of each OpenPGP user id, of an SSH key's comment, of a
// certificate's subject, or of the comment line above. A caller that knows
// better says so in Options.Label.
//
// What goes into a directory is public for ever, so the package is strict.
// Private keys are refused with ErrPrivateKey, and nothing of their file is
// used. OpenPGP certificates are imported with the parts their owner vouches
// for at present: every signature that is kept was verified, revoked
// certificates and user ids are skipped, expired ones are skipped unless asked
// for, and a certificate is reduced to the one user id of its label. What is
// not imported is named in Result.Skipped, with the reason. A file that is
// damaged as a whole (cut short, not framed) yields an error and no keys:
// nobody can know what is missing from it.
//
// The package does NOT decide whether a key belongs to its label: who may
// import a file vouches for its user ids. It does not refuse weak keys, beyond
// signatures over MD5 and RIPEMD-160: keyset.Key.Summary names them. OpenPGP revocations by
// somebody else than the owner (designated revokers) are not considered.
package keyring

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// Limits of what is read. Options has the ones that can be changed.
const (
	MaxTextFile    = 16 << 20  // bytes of any file but an OpenPGP keyring
	MaxLine        = 64 << 10  // bytes of a line of text
	MaxPacket      = 256 << 10 // bytes of an OpenPGP packet that is kept
	MaxCertificate = 1 << 20   // bytes kept of an OpenPGP certificate
	MaxUserIDs     = 256       // user ids of an OpenPGP certificate
	MaxSubkeys     = 128       // subkeys of an OpenPGP certificate
)

var (
	// ErrPrivateKey is wrapped by the error for a file that contains a
	// private key. The file was not read beyond the point where that was
	// recognised, and no error text contains any of it.
	ErrPrivateKey = errors.New("this is a PRIVATE key: it was not read further and nothing of the file was used")
	// ErrUnrecognized is wrapped by the error for a file of no known kind.
	ErrUnrecognized = errors.New("not a key file of a known kind")
	// ErrBareKey is wrapped by the error for 32 bytes that do not say what they are. It
	// wraps ErrUnrecognized.
	ErrBareKey = fmt.Errorf("%w: 32 bytes, of which nobody can tell whether they are public or private (WireGuard writes both so); "+
		"if they are a public key, say of which format in front of it, as in \"X25519 KEY\", with the key in base64", ErrUnrecognized)
	// ErrTooLarge is wrapped by the error for a file over its size limit.
	ErrTooLarge = errors.New("too large")

	errMalformed = errors.New("malformed")
)

// Options say how to read. The zero Options read with the documented defaults.
type Options struct {
	// Now is the time at which keys must be valid. Default: time.Now().
	Now time.Time
	// Label, if set, is the label of every key read, whatever the file says.
	// Of an OpenPGP certificate the user id with this address is kept, or
	// the primary one if none has it.
	Label string
	// DefaultLabel, if set, is the label of SSH and age keys to which the
	// file gives none.
	DefaultLabel string
	// Expired imports expired OpenPGP certificates instead of skipping them.
	Expired bool
	// Dir is the directory to which the paths in a CSV are relative. ReadFile
	// sets it. Without it a CSV is refused.
	Dir string
	// MaxBytes limits the size of an OpenPGP keyring. Default: 512 MiB.
	MaxBytes int64
	// MaxSetBytes limits the encoded size of one label's set; a label over it
	// is skipped. Default: 128 KiB, what a directory accepts by default.
	MaxSetBytes int
	// Workers is how many goroutines verify signatures. Default: GOMAXPROCS.
	Workers int
	// Progress, if set, is called by the reading goroutine after every
	// OpenPGP certificate, CSV line or file, with the bytes of the input
	// consumed so far and the certificates or lines found in them. A CSV's
	// bytes are not known before its end and reported as 0.
	Progress func(bytes int64, items int)

	// maxItems is how many certificates and lines with keys a file may have. Default:
	// no limit.
	maxItems int
}

func (o Options) withDefaults() Options {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 512 << 20
	}
	if o.MaxSetBytes <= 0 {
		o.MaxSetBytes = 128 << 10
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = func(int64, int) {}
	}
	return o
}

// An Entry is one label and the keys found for it.
type Entry struct {
	Label string
	Set   keyset.Set
}

// Skipped is something that was read and not imported. It names the place and
// at most a fingerprint or, if a set was too large, a label: never the text of
// a user id or a comment.
type Skipped struct {
	Source string // the file, as the caller named it
	Item   string // "line 7"; "certificate 12 (FINGERPRINT)", "..., user id 3"
	Reason string
}

// String returns "source: item: reason".
func (s Skipped) String() string { return s.Source + ": " + s.Item + ": " + s.Reason }

// Result is what one file held. It depends on the file and the options alone:
// reading the same file again gives the same bytes.
type Result struct {
	Entries []Entry   // sorted by label, one per label; keys in canonical order
	Skipped []Skipped // in the order of the file
	Items   int       // certificates, or lines with a key, that were found
	UserIDs int       // OpenPGP user ids among them
	// Revoked has the fingerprints of OpenPGP certificates that their owners
	// have revoked. A Collector uses it: another file may not know.
	Revoked []string
}

// ReadFile reads the regular file at path. It returns an error wrapping
// ErrPrivateKey, ErrUnrecognized or ErrTooLarge, or one that names the line or
// byte where the file is damaged; then the Result is empty. A path in a CSV
// may lead anywhere the process can read.
func ReadFile(path string, opt Options) (Result, error) {
	f, err := openRegular(path)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	if opt.Dir == "" {
		opt.Dir = filepath.Dir(path)
	}
	return Read(f, path, opt)
}

// openRegular opens a file that can be read to its end. It asks first, because
// opening a FIFO waits.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", ErrUnrecognized)
	}
	return os.Open(path)
}

// Read reads a key file from r; name stands for it in errors and in Skipped.
// Memory is bounded by what is imported, the limits of this package and a few
// certificates in flight. Errors are as for ReadFile.
func Read(r io.Reader, name string, opt Options) (Result, error) {
	res, err := read(r, name, opt.withDefaults(), true)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", name, err)
	}
	return res, nil
}

// A source is one file being read.
type source struct {
	name string
	opt  Options
	in   *countingReader
	r    *bufio.Reader
	res  Result
	col  *Collector
}

func read(r io.Reader, name string, opt Options, csvAllowed bool) (Result, error) {
	var err error
	for _, l := range []*string{&opt.Label, &opt.DefaultLabel} {
		if *l == "" {
			continue
		}
		if *l, err = labels.Normalize(*l); err != nil {
			return Result{}, err
		}
	}
	in := &countingReader{r: r, max: opt.MaxBytes}
	s := &source{name: name, opt: opt, in: in, r: bufio.NewReaderSize(in, peekSize), col: NewCollector(opt)}
	kind, err := s.detect()
	if err != nil {
		return Result{}, err
	}
	switch kind {
	case kindOpenPGP:
		err = s.readOpenPGP()
	case kindArmor:
		err = s.readArmor()
	case kindLines:
		err = s.readLines()
	case kindPEM:
		err = s.readPEM()
	case kindDER:
		err = s.readDER()
	case kindJSON:
		err = s.readJSON()
	case kindMLS:
		err = s.readMLS()
	case kindCSV:
		if !csvAllowed || opt.Dir == "" {
			return Result{}, fmt.Errorf("%w: a CSV of key files cannot be read here", ErrUnrecognized)
		}
		err = s.readCSV()
	}
	if err != nil {
		return Result{}, err
	}
	opt.Progress(in.n, s.res.Items)
	var skipped []Skipped
	s.res.Entries, skipped = s.col.Entries()
	for _, k := range skipped {
		s.skip(k.Item, k.Reason)
	}
	return s.res, nil
}

// item counts a certificate, or a line with a key.
func (s *source) item() error {
	s.res.Items++
	if s.opt.maxItems > 0 && s.res.Items > s.opt.maxItems {
		return fmt.Errorf("%w: more than %d keys", ErrTooLarge, s.opt.maxItems)
	}
	return nil
}

func (s *source) skip(item, reason string) {
	s.res.Skipped = append(s.res.Skipped, Skipped{Source: s.name, Item: item, Reason: reason})
}

// countingReader counts what was read and fails past max.
type countingReader struct {
	r      io.Reader
	n, max int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	if c.n > c.max {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, c.max)
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.max+1-c.n)])
	c.n += int64(n)
	if c.n > c.max {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, c.max)
	}
	return n, err
}

package keytrans

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// LogEntrySize is the size in bytes of an encoded LogEntry.
const LogEntrySize = 8 + merkle.HashSize

// LogEntry is a leaf of the log: the state of the prefix tree at a time.
// Timestamp is in milliseconds since the Unix epoch.
type LogEntry struct {
	Timestamp  uint64
	PrefixTree merkle.Hash
}

// Marshal returns the encoding of e, LogEntrySize bytes.
func (e LogEntry) Marshal() []byte {
	b := make([]byte, LogEntrySize)
	binary.BigEndian.PutUint64(b, e.Timestamp)
	copy(b[8:], e.PrefixTree[:])
	return b
}

// ParseLogEntry decodes a LogEntry. The error wraps ErrMalformed.
func ParseLogEntry(b []byte) (LogEntry, error) {
	if len(b) != LogEntrySize {
		return LogEntry{}, fmt.Errorf("%w: log entry of %d bytes", ErrMalformed, len(b))
	}
	return LogEntry{Timestamp: binary.BigEndian.Uint64(b), PrefixTree: merkle.Hash(b[8:])}, nil
}

// Hash returns the value of the entry's leaf in the log tree.
func (e LogEntry) Hash() merkle.Hash { return sha256.Sum256(e.Marshal()) }

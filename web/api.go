package web

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// schemaVersion is the schema_version of the JSON API's objects.
const schemaVersion = 1

// object returns the handler of a GET whose answer is a JSON object.
func (s *frame) object(answer func(r *http.Request) (any, error)) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := s.inRoom(r, answer)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, v)
	}
}

// inRoom calls answer if there is room for one more read in flight.
func (s *frame) inRoom(r *http.Request, answer func(r *http.Request) (any, error)) (any, error) {
	if !s.reads.enter() {
		return nil, errOverloaded
	}
	defer s.reads.leave()
	return answer(r)
}

// headObject is a signed head of the log. The Configuration and the root are
// what the signature covers, beside the size.
type headObject struct {
	TreeSize    uint64 `json:"tree_size"`
	TimestampMS uint64 `json:"timestamp_ms"` // of the rightmost log entry
	Timestamp   string `json:"timestamp"`    // the same, RFC 3339
	Root        string `json:"root"`         // of the log tree of KEYTRANS, hexadecimal
	Signature   []byte `json:"signature"`    // base64
}

// logObject is the answer of GET /api/v1/log.
type logObject struct {
	SchemaVersion int `json:"schema_version"`
	headObject
	// RightmostDistinguished is a position, null if no entry is distinguished.
	RightmostDistinguished *uint64 `json:"rightmost_distinguished"`
	// Auditor is the auditor's latest head, null if there is none.
	Auditor             *auditorObject `json:"auditor"`
	CipherSuite         string         `json:"cipher_suite"`
	ConfigurationSHA256 string         `json:"configuration_sha256"` // of /v1/configuration, hexadecimal
}

// auditorObject is a head that the auditor signed.
type auditorObject struct {
	TreeSize    uint64 `json:"tree_size"`
	TimestampMS uint64 `json:"timestamp_ms"` // of its last log entry
	Signature   []byte `json:"signature"`    // base64
}

func (s *server) answerLog(_ *http.Request) (any, error) {
	head, err := s.dir.Head()
	if err != nil {
		return nil, err
	}
	var auditor *auditorObject
	if a := head.Auditor; a != nil {
		auditor = &auditorObject{a.TreeSize, a.Timestamp, a.Signature}
	}
	return logObject{
		SchemaVersion:          schemaVersion,
		Auditor:                auditor,
		headObject:             newHeadObject(head.TreeSize, head.Rightmost.Timestamp, head.Root, head.Signature),
		RightmostDistinguished: head.Distinguished,
		CipherSuite:            s.dir.Configuration().Suite.String(),
		ConfigurationSHA256:    s.digest,
	}, nil
}

func newHeadObject(size, timestamp uint64, root merkle.Hash, signature []byte) headObject {
	return headObject{
		TreeSize: size, TimestampMS: timestamp, Timestamp: formatTime(timestamp),
		Root: hex.EncodeToString(root[:]), Signature: signature,
	}
}

// formatTime returns the RFC 3339 form of a timestamp in milliseconds.
func formatTime(ms uint64) string {
	return time.UnixMilli(int64(ms)).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// entryObject is one log entry.
type entryObject struct {
	Position       uint64 `json:"position"`
	TimestampMS    uint64 `json:"timestamp_ms"`
	Timestamp      string `json:"timestamp"`
	PrefixTreeRoot string `json:"prefix_tree_root"` // hexadecimal
}

// entriesObject is the answer of GET /api/v1/log/entries.
type entriesObject struct {
	SchemaVersion int           `json:"schema_version"`
	TreeSize      uint64        `json:"tree_size"`
	Entries       []entryObject `json:"entries"`
	// Next is the path and query of the next page, null on the last.
	Next *string `json:"next"`
}

const (
	defaultEntries = 100
	maxEntries     = 1000
)

func (s *server) answerEntries(r *http.Request) (any, error) {
	from, err := queryNumber(r, "from", 0)
	if err != nil {
		return nil, err
	}
	limit, err := queryNumber(r, "limit", defaultEntries)
	if err != nil {
		return nil, err
	}
	if limit < 1 || limit > maxEntries {
		return nil, problemInvalid.about("limit", fmt.Sprintf("it must be 1 to %d", maxEntries))
	}
	head, err := s.dir.Head()
	if err != nil {
		return nil, err
	}
	if from > head.TreeSize {
		return nil, problemInvalid.about("from", fmt.Sprintf("the log has %d entries", head.TreeSize))
	}
	to := from + min(limit, head.TreeSize-from)
	entries, err := s.dir.Entries(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	answer := entriesObject{SchemaVersion: schemaVersion, TreeSize: head.TreeSize, Entries: []entryObject{}}
	for i, e := range entries {
		answer.Entries = append(answer.Entries, entryObject{
			Position: from + uint64(i), TimestampMS: e.Timestamp, Timestamp: formatTime(e.Timestamp),
			PrefixTreeRoot: hex.EncodeToString(e.PrefixTree[:]),
		})
	}
	if to < head.TreeSize {
		next := fmt.Sprintf("/api/v1/log/entries?from=%d&limit=%d", to, limit)
		answer.Next = &next
	}
	return answer, nil
}

// queryNumber returns a number in the query of r.
func queryNumber(r *http.Request, name string, fallback uint64) (uint64, error) {
	values := r.URL.Query()[name]
	if len(values) == 0 {
		return fallback, nil
	}
	n, err := strconv.ParseUint(values[0], 10, 64)
	if err != nil || len(values) > 1 {
		return 0, problemInvalid.about(name, "it must be one number, 0 or greater")
	}
	return n, nil
}

// statsObject is the answer of GET /api/v1/stats.
type statsObject struct {
	SchemaVersion   int               `json:"schema_version"`
	Version         string            `json:"version"` // of the program
	UptimeSeconds   int64             `json:"uptime_seconds"`
	TreeSize        uint64            `json:"tree_size"` // log entries, one an epoch
	Labels          uint64            `json:"labels"`
	Versions        uint64            `json:"versions"`
	HeadTimestampMS uint64            `json:"head_timestamp_ms"`
	InFlight        int64             `json:"requests_in_flight"` // this one included
	Requests        map[string]uint64 `json:"requests"`           // answered since the start, by route
}

func (s *server) answerStats(_ *http.Request) (any, error) {
	head, err := s.dir.Head()
	if err != nil {
		return nil, err
	}
	answer := statsObject{
		SchemaVersion: schemaVersion, Version: s.cfg.Version,
		UptimeSeconds: int64(s.cfg.Now().Sub(s.began) / time.Second),
		TreeSize:      head.TreeSize, Labels: head.Labels, Versions: head.Versions,
		HeadTimestampMS: head.Rightmost.Timestamp,
		InFlight:        s.inFlight.Load(), Requests: make(map[string]uint64, len(s.requests)),
	}
	for route, n := range s.requests {
		answer.Requests[route] = n.Load()
	}
	return answer, nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	writeBody(w, status, jsonType, append(body, '\n'))
	return nil
}

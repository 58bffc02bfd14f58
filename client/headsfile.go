package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

const (
	headsFormat  = "ghostlight-heads"
	headsVersion = 1
	// headsPrefix is what the text form begins with. All of it is in the
	// alphanumeric set of QR codes, which takes 5.5 bits for a character.
	headsPrefix = "GHOSTLIGHT-HEADS-1:"
)

// MaxHeadsSize is the size in bytes of the largest list of distinguished heads
// that is read.
const MaxHeadsSize = 1 << 20

// headsFile is a list of recent distinguished heads in a file, or in a text.
type headsFile struct {
	Format              string     `json:"format"`
	Version             int        `json:"version"`
	Directory           string     `json:"directory"`
	ConfigurationSHA256 string     `json:"configuration_sha256"`
	Heads               []headJSON `json:"heads"`
	// Request and Response are the exchange of somebody without a view, if there
	// is one: the heads that count are those that follow from it.
	Request  []byte `json:"request,omitempty"`
	Response []byte `json:"response,omitempty"`

	heads []DistinguishedHead
}

type headJSON struct {
	Position uint64        `json:"position"`
	Root     evidence.Hash `json:"root"`
}

func (x *headsFile) encode() ([]byte, error) {
	x.Format, x.Version = headsFormat, headsVersion
	for _, h := range x.heads {
		x.Heads = append(x.Heads, headJSON{h.Position, evidence.Hash(h.root)})
	}
	out, err := json.MarshalIndent(x, "", "  ")
	return append(out, '\n'), err
}

var headsEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

const (
	headsTag = 8 // bytes of the Configuration's SHA-256 in the text
	headsSum = 4 // bytes of the check sum: whoever types it makes mistakes
)

// text returns x as text: a DistinguishedHead, the positions, and what they are of.
func (x *headsFile) text(configuration []byte) (string, error) {
	list := &keytrans.DistinguishedHead{}
	for _, h := range x.heads {
		list.Heads = append(list.Heads, h.root)
	}
	encoded, err := list.Marshal()
	if err != nil {
		return "", err
	}
	tag := sha256.Sum256(configuration)
	out := append(bytes.Clone(tag[:headsTag]), encoded...)
	last := uint64(0)
	for _, h := range x.heads {
		out = binary.AppendUvarint(out, h.Position-last)
		last = h.Position
	}
	sum := sha256.Sum256(out)
	return headsPrefix + headsEncoding.EncodeToString(append(out, sum[:headsSum]...)), nil
}

var errHeads = errors.New("this is not a list of distinguished heads")

// decodeHeads reads a list of heads, in either form.
func decodeHeads(data, configuration []byte) (*headsFile, error) {
	if len(data) > MaxHeadsSize {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", errHeads, MaxHeadsSize)
	}
	text := strings.ToUpper(strings.Join(strings.Fields(string(data)), ""))
	var (
		x   *headsFile
		err error
	)
	if rest, ok := strings.CutPrefix(text, headsPrefix); ok {
		x, err = decodeHeadsText(rest, configuration)
	} else {
		x, err = decodeHeadsFile(data)
	}
	if err != nil {
		return nil, err
	}
	for i, h := range x.Heads {
		if i > 0 && h.Position <= x.Heads[i-1].Position {
			return nil, fmt.Errorf("%w: its positions do not ascend", errHeads)
		}
		root := merkle.Hash(h.Root)
		x.heads = append(x.heads, DistinguishedHead{Position: h.Position, Root: root.String(), root: root})
	}
	if len(x.heads) == 0 {
		return nil, fmt.Errorf("%w: it is empty", errHeads)
	}
	return x, nil
}

func decodeHeadsFile(data []byte) (*headsFile, error) {
	var x headsFile
	if err := json.Unmarshal(data, &x); err != nil || x.Format != headsFormat {
		return nil, errHeads
	}
	if x.Version != headsVersion {
		return nil, fmt.Errorf("it has version %d of its format, which this program does not know", x.Version)
	}
	if err := strictJSON(data, &x); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeads, err)
	}
	if len(x.Heads) > math.MaxUint8 || (x.Request == nil) != (x.Response == nil) {
		return nil, errHeads
	}
	return &x, nil
}

// decodeHeadsText reads what text returns, behind the prefix.
func decodeHeadsText(text string, configuration []byte) (*headsFile, error) {
	data, err := headsEncoding.DecodeString(text)
	if err != nil || len(data) < headsTag+1+headsSum {
		return nil, fmt.Errorf("%w: it is cut off or damaged", errHeads)
	}
	data, sum := data[:len(data)-headsSum], data[len(data)-headsSum:]
	if want := sha256.Sum256(data); !bytes.Equal(sum, want[:headsSum]) {
		return nil, fmt.Errorf("%w: its check sum does not match, so a part is missing or mistyped", errHeads)
	}
	x := &headsFile{ConfigurationSHA256: "another"}
	if tag := sha256.Sum256(configuration); bytes.Equal(data[:headsTag], tag[:headsTag]) {
		x.ConfigurationSHA256 = hashHex(configuration)
	}
	data = data[headsTag:]
	size := 1 + int(data[0])*merkle.HashSize
	if size > len(data) {
		return nil, errHeads
	}
	list, err := keytrans.ParseDistinguishedHead(data[:size])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errHeads, err)
	}
	data = data[size:]
	position := uint64(0)
	for _, root := range list.Heads {
		delta, n := binary.Uvarint(data)
		if n <= 0 || delta > math.MaxUint64-position {
			return nil, errHeads
		}
		position += delta
		x.Heads = append(x.Heads, headJSON{position, evidence.Hash(root)})
		data = data[n:]
	}
	if len(data) > 0 {
		return nil, errHeads
	}
	return x, nil
}

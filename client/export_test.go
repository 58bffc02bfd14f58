package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// SaveEvery has operations on many labels store their state so often.
func (c *Client) SaveEvery(d time.Duration) { c.cfg.saveEvery = d }

// HoldAtMost has checks of rosters hold so many bytes of values.
func (c *Client) HoldAtMost(bytes int) { c.cfg.maxHeld = bytes }

// RecodeState decodes and encodes a state file.
func RecodeState(data []byte) ([]byte, error) {
	s, err := decodeState(data)
	if err != nil {
		return nil, err
	}
	return encodeState(s)
}

// RecodeCredentialFile decodes and encodes the file of a credential, or of an
// update of one.
func RecodeCredentialFile(data []byte) ([]byte, error) {
	j, err := decodeCredentialFile(data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(j)
}

// RecodeHeads decodes a list of distinguished heads of a directory with the given
// configuration, and encodes it in both forms.
func RecodeHeads(data, configuration []byte) (file []byte, text string, err error) {
	x, err := decodeHeads(data, configuration)
	if err != nil {
		return nil, "", err
	}
	x.Heads = nil
	if file, err = x.encode(); err == nil {
		text, err = x.text(configuration)
	}
	return file, text, err
}

// Commitment returns the proven commitment to a version of a label.
func (c *Client) Commitment(label string, version uint32) (account.Hash, error) {
	s, err := c.begin(context.Background())
	if err != nil {
		return account.Hash{}, err
	}
	defer s.end()
	p, err := s.pastVersion(context.Background(), label, version)
	return p.Commitment, err
}

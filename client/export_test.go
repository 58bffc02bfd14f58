package client

import (
	"encoding/json"
	"time"
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

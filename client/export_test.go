package client

// RecodeState decodes and encodes a state file.
func RecodeState(data []byte) ([]byte, error) {
	s, err := decodeState(data)
	if err != nil {
		return nil, err
	}
	return encodeState(s)
}

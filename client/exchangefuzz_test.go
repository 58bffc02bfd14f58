package client_test

import (
	"bytes"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
)

// FuzzCredentialFile checks that what is accepted as the file of a credential, or
// of an update, is still accepted when it is written again, and says the same.
func FuzzCredentialFile(f *testing.F) {
	f.Add([]byte(`{"format":"ghostlight-credential","version":1,"directory":"https://keys.example.org","configuration_sha256":"ab","credential":"AAEC"}`))
	f.Add([]byte(`{"format":"ghostlight-credential-update","version":1,"directory":"","configuration_sha256":"","credential_sha256":"cd","update":"AAEC"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := client.RecodeCredentialFile(data)
		if err != nil {
			return
		}
		twice, err := client.RecodeCredentialFile(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q, then %q, %v", once, twice, err)
		}
	})
}

// FuzzHeads checks the same of lists of distinguished heads, in both forms.
func FuzzHeads(f *testing.F) {
	configuration := []byte("configuration")
	file := []byte(`{"format":"ghostlight-heads","version":1,"directory":"https://keys.example.org","configuration_sha256":"ab","heads":[` +
		`{"position":3,"root":"0101010101010101010101010101010101010101010101010101010101010101"},` +
		`{"position":300,"root":"0202020202020202020202020202020202020202020202020202020202020202"}]}`)
	_, text, err := client.RecodeHeads(file, configuration)
	fatalIfErr(f, err)
	f.Add(file)
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, text, err := client.RecodeHeads(data, configuration)
		if err != nil {
			return
		}
		if again, same, err := client.RecodeHeads(file, configuration); err != nil || !bytes.Equal(again, file) || same != text {
			t.Errorf("%s, then %s, %v", file, again, err)
		}
		if _, same, err := client.RecodeHeads([]byte(text), configuration); err != nil || same != text {
			t.Errorf("%s, then %s, %v", text, same, err)
		}
	})
}

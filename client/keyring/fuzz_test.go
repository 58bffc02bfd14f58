package keyring

import (
	"bufio"
	"bytes"
	"testing"
)

// FuzzReadKeyring reads anything as a key file: what is accepted is accepted
// the same way twice, and encodes.
func FuzzReadKeyring(f *testing.F) {
	e := newCert(f, nil, "a@example.org")
	f.Add(serialize(f, e))
	f.Add([]byte(armored(armorPublic, serialize(f, e))))
	f.Add([]byte("age1cy0su9fwf3gf9mw868g5yut09p6nytfmmnktexz2ya5uqg9vl9sss4euqm\n"))
	f.Add([]byte("label,file\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := readBytes(data, Options{Workers: 1, DefaultLabel: "x"})
		if err != nil {
			return
		}
		again := mustRead(t, data, Options{Workers: 1, DefaultLabel: "x"})
		if !bytes.Equal(encode(t, res.Entries), encode(t, again.Entries)) {
			t.Fatal("two readings differ")
		}
	})
}

// FuzzPackets checks the splitter: packets it accepts, framed anew, split into
// the same packets.
func FuzzPackets(f *testing.F) {
	f.Add(serialize(f, newCert(f, nil, "a@example.org")))
	f.Add([]byte{0xc6, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x99, 0, 1, 4, 0x9b})
	f.Fuzz(func(t *testing.T, data []byte) {
		split := func(b []byte) (out []byte) {
			p := &packetReader{r: bufio.NewReader(bytes.NewReader(b))}
			for {
				k, err := p.next()
				if err != nil {
					return out
				}
				if p.off > int64(len(b)) {
					t.Fatalf("at byte %d of %d", p.off, len(b))
				}
				out = frame(out, k.tag, k.body)
			}
		}
		once := split(data)
		if !bytes.Equal(split(once), once) {
			t.Fatal("framed anew, it splits differently")
		}
	})
}

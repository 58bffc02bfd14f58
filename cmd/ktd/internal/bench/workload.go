// Package bench measures a directory: how fast it publishes labels, compared
// with what the VRF alone would allow, and how fast it proves them.
//
// The workload is reproducible: labels are user00000000@example.org and so on,
// values are key sets of two keys, 128 bytes, that depend on the label's number alone.
package bench

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// ValueSize is the size of the workload's values.
const ValueSize = 128

// seed of everything random in the workload.
const seed = 0x67686f73746c6974

// label returns the i-th label.
func label(i int) []byte { return fmt.Appendf(nil, "user%08d@example.org", i) }

// devices returns the i-th label's keys.
func devices(i int) []keyset.Key {
	r := rand.NewPCG(seed, uint64(i))
	var keys []keyset.Key
	for _, name := range []string{"device 1 of a user", "device 2 of a user"} {
		var data []byte
		for range 4 {
			data = binary.LittleEndian.AppendUint64(data, r.Uint64())
		}
		data[31] &= 0x7f // in the field
		keys = append(keys, keyset.Key{Format: keyset.FormatX25519, Data: data, Name: name})
	}
	return keys
}

// value returns the i-th value.
func value(i int) []byte {
	b, err := keyset.Set{Keys: devices(i)}.Marshal()
	if err != nil || len(b) != ValueSize {
		panic(fmt.Sprintf("bench: a value of %d bytes: %v", len(b), err))
	}
	return b
}

// Machine is what a measurement ran on.
type Machine struct {
	CPUs      int    `json:"cpus"`
	GoVersion string `json:"go_version"`
	Suite     string `json:"suite"`
}

func machine(suite instance.Suite) Machine {
	return Machine{
		CPUs:      runtime.GOMAXPROCS(0),
		GoVersion: runtime.Version(),
		Suite:     keytrans.CipherSuite(suite).String(),
	}
}

// heartbeat is longer than any measurement takes: a heartbeat would only
// disturb it.
const heartbeat = 30 * 24 * time.Hour

func open(dir string) (*instance.Instance, error) {
	return instance.Open(dir, instance.Options{Heartbeat: heartbeat})
}

// labelsFile tells a later measurement what an instance holds.
const labelsFile = "bench.json"

type contents struct {
	Labels int `json:"labels"`
}

func writeContents(dir string, c contents) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, labelsFile), append(data, '\n'), 0o600)
}

// Published returns how many labels the instance in dir holds that Publish
// made.
func Published(dir string) (int, error) {
	var c contents
	path := filepath.Join(dir, labelsFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("%s was not made by 'ktd bench publish --dir': it has no %s", dir, labelsFile)
	}
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(data, &c); err != nil || c.Labels < 1 {
		return 0, fmt.Errorf("%s does not say how many labels there are", path)
	}
	return c.Labels, nil
}

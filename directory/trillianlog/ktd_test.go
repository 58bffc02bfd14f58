//go:build unix

package trillianlog

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// directoryServed runs ktd, as an operator does, on a tree that lacks thousands
// of its entries, kills it and Trillian, and then has somebody else write to the
// tree.
func (it *integration) directoryServed(t *testing.T) {
	const size = 3001
	dir := filepath.Join(t.TempDir(), "directory")
	program := filepath.Join(t.TempDir(), "ktd")
	output(t, exec.Command("go", "build", "-o", program, "../../cmd/ktd"))
	output(t, exec.Command(program, "bench", "publish", "--labels", "3000", "--batch", "1", "--vrf-time", "1ms", "--dir", dir))
	// So that the log goes on growing, also without anybody who writes.
	setHeartbeat(t, dir, "200ms")
	tree := it.createTree()
	d := &directory{t: t, url: "http://" + freePort(t)}
	d.process = newProcess(t, "ktd", func() *exec.Cmd {
		return exec.Command(program, "serve", dir, "--listen", d.url[len("http://"):], "--trillian", it.addr, "--tree", strconv.FormatInt(tree, 10))
	})
	fatalIfErr(t, d.start(d.ready))
	at := d.await("to catch up", func(p published) bool { return p.Served != nil && p.Served.TreeSize >= size })
	it.agree(t, tree, at)

	for range 3 {
		d.kill()
		it.server.kill()
		fatalIfErr(t, d.start(d.ready))
		d.await("to tell that Trillian is away", func(p published) bool { return p.SigningStopped })
		fatalIfErr(t, it.startServer())
		next := d.await("to go on", func(p published) bool {
			return !p.SigningStopped && p.Served.TreeSize > at.Served.TreeSize
		})
		it.agree(t, tree, next)
		at = next
	}
	t.Logf("ktd: %d entries, %d of them with Trillian there from the start", at.Served.TreeSize, at.Served.TreeSize-size)

	// Somebody else is faster with a leaf that the directory's log is yet to have.
	it.put(t, tree, at.Served.TreeSize+20, at.Served.TreeSize+21)
	var found []string
	stopped := d.await("to stop", func(p published) bool {
		found, _ = filepath.Glob(filepath.Join(dir, "replica-mismatch-*.json"))
		return p.SigningStopped && len(found) > 0
	})
	if stopped.Served.TreeSize > at.Served.TreeSize+20 || stopped.Signed.TreeSize > at.Served.TreeSize+20 {
		t.Errorf("a checkpoint of %d entries was signed with another leaf in Trillian", stopped.Signed.TreeSize)
	}
	d.kill()
	fatalIfErr(t, d.start(d.ready))
	again := d.await("to stop again", func(p published) bool { return p.SigningStopped })
	if again.Signed.TreeSize != stopped.Signed.TreeSize {
		t.Errorf("after a restart, a checkpoint of %d entries was signed", again.Signed.TreeSize)
	}
}

// setHeartbeat changes an instance's settings.
func setHeartbeat(t *testing.T, dir, heartbeat string) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	var config map[string]any
	fatalIfErr(t, json.Unmarshal(data, &config))
	config["heartbeat"] = heartbeat
	data, err = json.Marshal(config)
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(path, data, 0o600))
}

// agree checks that Trillian's root at the size of a checkpoint is the
// checkpoint's: it has the same leaves.
func (it *integration) agree(t *testing.T, tree int64, p published) {
	t.Helper()
	n, root, err := it.open(it.dial(), tree).Advance(it.ctx, 0, nil)
	fatalIfErr(t, err)
	if n < p.Served.TreeSize || n == p.Served.TreeSize && root.String() != p.Served.Root {
		t.Errorf("Trillian has %d entries with the root %v, the checkpoint %d with %s", n, root, p.Served.TreeSize, p.Served.Root)
	}
	if p.ReplicaSize < p.Served.TreeSize {
		t.Errorf("ktd signed %d entries of which it believed Trillian to have %d", p.Served.TreeSize, p.ReplicaSize)
	}
}

// directory is a ktd that runs.
type directory struct {
	*process
	t   *testing.T
	url string
}

// published is what a directory tells of its checkpoints.
type published struct {
	Signed, Served *struct {
		TreeSize uint64 `json:"tree_size"`
		Root     string `json:"root"`
	}
	SigningStopped bool   `json:"signing_stopped"`
	ReplicaSize    uint64 `json:"replica_size"`
}

func (d *directory) get(path string) ([]byte, error) {
	r, err := http.Get(d.url + path)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, r.Status)
	}
	return io.ReadAll(r.Body)
}

func (d *directory) ready() error {
	_, err := d.get("/readyz")
	return err
}

// await waits until the directory's checkpoints are as cond says.
func (d *directory) await(what string, cond func(published) bool) published {
	d.t.Helper()
	var p published
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		body, err := d.get("/api/v1/log/publication")
		fatalIfErr(d.t, err)
		p = published{}
		fatalIfErr(d.t, json.Unmarshal(body, &p))
		if cond(p) {
			return p
		}
	}
	d.t.Fatalf("ktd was waited for %s: %+v", what, p)
	return p
}

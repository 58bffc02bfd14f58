package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/importer"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/web"
)

// Keyrings are where Debian's package debian-keyring puts the developers' keys,
// in its older and newer versions.
var Keyrings = []string{"/usr/share/keyrings/debian-keyring.gpg", "/usr/share/keyrings/debian-keyring.pgp"}

// world is a running directory in a temporary folder.
type world struct {
	dir       string
	url       string
	instance  *instance.Instance
	generated bool // the keys are made up

	stop       context.CancelFunc
	served     chan error
	publishing sync.WaitGroup
}

// The owner would look once a day; the demonstration lasts a few seconds.
const window = 2 * time.Second

func newWorld(ctx context.Context, version string) (w *world, err error) {
	w = &world{served: make(chan error, 1)}
	if w.dir, err = os.MkdirTemp("", "ktd-demo-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(w.dir))
		}
	}()
	settings := instance.DefaultConfig()
	settings.ReasonableMonitoringWindow = instance.Duration(window)
	settings.Heartbeat = instance.Duration(window / 4)
	dir := filepath.Join(w.dir, "directory")
	if _, err := instance.Init(dir, settings); err != nil {
		return nil, err
	}
	if w.instance, err = instance.Open(dir, instance.Options{}); err != nil {
		return nil, err
	}
	if err := w.serve(ctx, version); err != nil {
		return nil, errors.Join(err, w.instance.Close())
	}
	return w, nil
}

func (w *world) serve(ctx context.Context, version string) error {
	pub, err := w.instance.OpenPublisher(nil)
	if err != nil {
		return err
	}
	handler, err := w.instance.Handler(pub, version)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.url = "http://" + listener.Addr().String()
	// The server outlives a cancelled story, so that what it answers last is
	// not cut off; close stops it.
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.publishing.Go(func() { pub.Run(ctx) })
	go func() { w.served <- web.Serve(ctx, listener, web.NewServer(handler, nil)) }()
	return nil
}

func (w *world) close() error {
	w.stop()
	w.publishing.Wait()
	return errors.Join(<-w.served, w.instance.Close(), os.RemoveAll(w.dir))
}

// newClient returns a client with a state of its own that trusts the directory.
func (w *world) newClient(ctx context.Context, name string) (*client.Client, error) {
	state := filepath.Join(w.dir, name)
	if _, err := client.Trust(ctx, state, w.url, "", client.Config{}); err != nil {
		return nil, err
	}
	return client.Open(state, w.url, client.Config{})
}

// keyrings returns those of the files that exist, or one with generated keys.
func (w *world) keyrings(files []string) ([]string, error) {
	if files == nil {
		files = Keyrings
	}
	var found []string
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			found = append(found, f)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	w.generated = true
	path := filepath.Join(w.dir, "generated.gpg")
	return []string{path}, generate(path)
}

// generatedPeople is how many certificates stand in for the Debian keyring.
const generatedPeople = 200

func generate(path string) error {
	var ring bytes.Buffer
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA}
	for i := range generatedPeople {
		e, err := openpgp.NewEntity(fmt.Sprintf("Person %d", i), "", fmt.Sprintf("person%03d@example.org", i), config)
		if err != nil {
			return err
		}
		if err := e.Serialize(&ring); err != nil {
			return err
		}
	}
	return os.WriteFile(path, ring.Bytes(), 0o600)
}

// importAll imports the files and returns the labels that they made.
func (w *world) importAll(ctx context.Context, cfg Config, files []string, identity directory.Identity) (*importer.Summary, []string, error) {
	var labels []string
	summary, err := importer.Run(ctx, importer.Config{
		Directory:  w.instance.Directory,
		Identity:   identity,
		Options:    keyring.Options{MaxSetBytes: importer.MaxSetBytes(w.instance.Config.MaxValueBytes)},
		Reading:    cfg.Reading,
		Publishing: cfg.Publishing,
		Report: func(i importer.Item) {
			if i.Outcome == importer.Created {
				labels = append(labels, i.Label)
			}
		},
	}, files)
	return summary, labels, err
}

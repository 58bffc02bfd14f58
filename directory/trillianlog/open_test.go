package trillianlog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/trillian"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestConfig(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*Config){
			"Conn is required":  func(c *Config) { c.Conn = nil },
			"Timeout of -1s":    func(c *Config) { c.Timeout = -time.Second },
			"Poll of -1s":       func(c *Config) { c.Poll = -time.Second },
			"BatchSize of -1":   func(c *Config) { c.BatchSize = -1 },
			"BatchSize of 1000": func(c *Config) { c.BatchSize = 10001 },
		} {
			cfg := w.cfg
			change(&cfg)
			if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		}
		l, err := Open(t.Context(), Config{Conn: w.cfg.Conn, TreeID: fakeTree})
		fatalIfErr(t, err)
		if l.cfg.BatchSize != 1000 || l.cfg.Timeout != 10*time.Second || l.cfg.Poll != 100*time.Millisecond {
			t.Errorf("defaults: %+v", l.cfg)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*fake)
		want   string
	}{
		{"LOG", func(f *fake) { f.tree.TreeType = trillian.TreeType_LOG }, "is a LOG, which does not keep the order of entries; create one"},
		{"no type", func(f *fake) { f.tree.TreeType = 0 }, "is a UNKNOWN_TREE_TYPE"},
		{"frozen", func(f *fake) { f.tree.TreeState = trillian.TreeState_FROZEN }, "is FROZEN and takes no entries; make it ACTIVE"},
		{"draining", func(f *fake) { f.tree.TreeState = trillian.TreeState_DRAINING }, "is DRAINING"},
		{"no state", func(f *fake) { f.tree.TreeState = 0 }, "is UNKNOWN_TREE_STATE"},
		{"deleted", func(f *fake) { f.tree.Deleted = true }, "was deleted"},
		{"another tree", func(f *fake) { f.tree.TreeId++ }, "asked about tree 7011 it tells of tree 7012"},
		{"no tree", func(f *fake) { f.noAdmin = status.Error(codes.NotFound, "no rows") }, "no tree 7011 in Trillian; create one with deploy/trillian/create-tree.sh"},
		{"forbidden", func(f *fake) { f.noAdmin = status.Error(codes.PermissionDenied, "not for you") }, "not for you"},
		{"never initialised", func(f *fake) {
			f.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error {
				return status.Error(codes.FailedPrecondition, "tree needs initialising")
			}
		}, "never initialised, which createtree does"},
		{"no log API", func(f *fake) {
			f.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error {
				return status.Error(codes.Unimplemented, "unknown service")
			}
		}, "reading the root of Trillian's tree: rpc error: code = Unimplemented"},
		{"hangs", func(f *fake) { f.hang = "all" }, "asking Trillian about its tree: no answer for 10s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, func(t *testing.T, w *world) {
				test.change(w.fake)
				l, err := Open(t.Context(), w.cfg)
				if l != nil || err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("Open: %v, want: %s", err, test.want)
				}
			})
		})
	}
}

// TestOpenWithoutAdmin: a log server that offers no admin API is used all the
// same.
func TestOpenWithoutAdmin(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.noAdmin = status.Error(codes.Unimplemented, "unknown service trillian.TrillianAdmin")
		w.open()
		if !strings.Contains(w.logged.String(), "level=WARN msg=\"Trillian's log server has no admin API") {
			t.Errorf("logged %s", w.logged)
		}
		w.reach(25)
	})
}

func TestOpenContext(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		why := errors.New("the operator wants to go home")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if _, err := Open(ctx, w.cfg); !errors.Is(err, why) {
			t.Errorf("Open with a context that ended: %v", err)
		}
		w.setHang("all")
		ctx2, cancel2 := context.WithTimeout(t.Context(), time.Second)
		defer cancel2()
		if _, err := Open(ctx2, w.cfg); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open of a server that hangs: %v", err)
		}
	})
}

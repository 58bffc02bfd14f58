package witness

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// crashEnv tells this program to be a witness, with a folder, a key file that it
// makes if there is none, a file with a policy, and the step of storing at which it
// stops. web/interop runs it too.
const crashEnv = "GHOSTLIGHT_TEST_WITNESS"

func TestMain(m *testing.M) {
	if args := os.Getenv(crashEnv); args != "" {
		fmt.Fprintln(os.Stderr, serveUntil(strings.Split(args, "|")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// serveUntil serves a witness and prints its address. At the given step of storing it
// prints the step, and waits for the end.
func serveUntil(args []string) error {
	dir, key, policy, step := args[0], args[1], args[2], args[3]
	data, err := os.ReadFile(policy)
	if err != nil {
		return err
	}
	if !exists(key) {
		if _, err := CreateKey(key, "witness.example/ghostlight"); err != nil {
			return err
		}
	}
	w, err := Open(Config{Dir: dir, KeyFile: key, Logs: []Logs{{Policy: data}}})
	if err != nil {
		return err
	}
	w.store.hook = func(s string) error {
		if s == step {
			fmt.Println(step)
			select {}
		}
		return nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, w)
}

// TestKill kills a process with signal 9 while it stores a checkpoint: after the
// database, and after both and before the answer. Who asks again is told what it had
// cosigned, and can go on from there.
func TestKill(t *testing.T) {
	for _, step := range []string{"between", "stored"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t, 300)
			w.cosigns(w.request(w.log, 0, 100))
			fatalIfErr(t, w.w.Close())
			policy := w.cfg.Dir + ".policy"
			fatalIfErr(t, os.WriteFile(policy, w.cfg.Logs[0].Policy, 0o600))
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), crashEnv+"="+strings.Join([]string{w.cfg.Dir, w.cfg.KeyFile, policy, step}, "|"))
			cmd.Stderr = t.Output()
			out, err := cmd.StdoutPipe()
			fatalIfErr(t, err)
			fatalIfErr(t, cmd.Start())
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			var addr, at string
			_, err = fmt.Fscanln(out, &addr)
			fatalIfErr(t, err)
			answers := make(chan error, 1)
			body := w.request(w.log, 100, 200).Marshal()
			go func() {
				resp, err := http.Post("http://"+addr+"/add-checkpoint", "text/plain", strings.NewReader(string(body)))
				if err == nil {
					err = fmt.Errorf("%w: %s", errAnswered, resp.Status)
					resp.Body.Close()
				}
				answers <- err
			}()
			_, err = fmt.Fscanln(out, &at)
			fatalIfErr(t, err)
			fatalIfErr(t, cmd.Process.Kill())
			_ = cmd.Wait()
			if err := <-answers; at != step || err == nil || errors.Is(err, errAnswered) {
				t.Fatalf("at %q: %v", at, err)
			}
			w.open()
			w.refuses(w.request(w.log, 100, 200), http.StatusConflict)
			w.refuses(w.request(w.fork(50, 300), 100, 300), http.StatusConflict)
			if w.size() != 200 {
				t.Errorf("size %d", w.size())
			}
			w.round() // nothing was damaged
			w.cosigns(w.request(w.log, 300, 300))
		})
	}
}

var errAnswered = errors.New("answered before the end")

//go:build unix

package sink

import (
	"os/exec"
	"syscall"
)

// killGroup makes the end of cmd's context kill all of its processes.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

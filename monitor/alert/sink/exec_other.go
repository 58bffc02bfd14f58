//go:build !unix

package sink

import "os/exec"

// killGroup does nothing: the end of cmd's context kills its first process only.
func killGroup(*exec.Cmd) {}

//go:build !(linux && amd64)

package tracer

import (
	"errors"
	"os/exec"
)

// Start reports that it needs Linux on amd64.
func Start(*exec.Cmd, Watcher) (*Process, error) {
	return nil, errors.New("standing between a program and the kernel is done on Linux on amd64 only")
}

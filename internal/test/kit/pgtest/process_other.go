//go:build unix && !linux

package pgtest

import "os/exec"

// dieWithParent has no counterpart here: after a test process that was killed, the
// server has to be stopped by hand.
func dieWithParent(*exec.Cmd) {}

// childrenOf finds none: a postmaster that is killed takes its idle children along, and
// Stop waits for the others.
func childrenOf(int) []int { return nil }

package store_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// A server is stopped (SIGSTOP) inside a schema step, with a table locked. PostgreSQL ends its
// transaction, and the servers that run get the table.
func TestAServerFrozenInsideASchemaStep(t *testing.T) {
	t.Parallel()
	url := beforeInvitations(t)
	holder, watch := direct(t, url), direct(t, url)
	run(t, holder, "BEGIN")
	run(t, holder, "LOCK TABLE users IN ACCESS SHARE MODE")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), openEnv+"="+url)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(cmd.Process.Kill(), cmd.Wait()) })
	queued(t, watch, "users", 1, nil)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	run(t, holder, "COMMIT") // now the step has the table
	run(t, holder, "SET lock_timeout = '5min'")
	run(t, holder, "BEGIN")
	run(t, holder, "LOCK TABLE users IN ACCESS SHARE MODE")
	run(t, holder, "COMMIT")
}

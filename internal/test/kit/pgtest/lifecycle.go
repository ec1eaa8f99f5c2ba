package pgtest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// StopMode says how a server is stopped.
type StopMode int

// The ways of stopping, from polite to rude.
const (
	Fast      StopMode = iota // ends every session, writes a checkpoint
	Immediate                 // ends at once; the next start recovers from the log
	Kill                      // every process of the server is killed, as at a power cut
)

// How long a server may take. Both are far beyond what a healthy one needs.
const (
	startTimeout = time.Minute
	stopTimeout  = time.Minute
)

// Stop stops the server and waits until its processes are gone. A server that is stopped
// already stays so.
func (c *Cluster) Stop(mode StopMode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop(mode)
}

func (c *Cluster) stop(mode StopMode) error {
	if c.process == nil {
		return nil
	}
	if err := c.process.stop(mode, stopTimeout); err != nil {
		return err
	}
	c.process = nil
	return nil
}

// Restart starts a stopped server again, and a running one after a fast stop. It returns
// when the server accepts connections, recovery included.
func (c *Cluster) Restart() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.stop(Fast); err != nil {
		return err
	}
	log, err := os.OpenFile(c.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	p, err := launch(c.Command("postgres", c.arguments()...), log)
	if err != nil {
		return err
	}
	if err := p.awaitReady(startTimeout); err != nil {
		return fmt.Errorf("PostgreSQL does not start: %w\n%s", errors.Join(err, p.stop(Kill, stopTimeout)), c.logTail())
	}
	c.process = p
	return nil
}

func (c *Cluster) arguments() []string {
	args := []string{"-D", c.Data(), "-p", strconv.Itoa(c.port), "-h", "127.0.0.1", "-k", c.home.path}
	for _, name := range slices.Sorted(maps.Keys(c.options.Settings)) {
		args = append(args, "-c", name+"="+c.options.Settings[name])
	}
	return args
}

// logTail returns the end of the log, for messages.
func (c *Cluster) logTail() []byte {
	const most = 2000
	log, err := os.ReadFile(c.LogFile())
	if err != nil {
		return nil
	}
	return log[max(0, len(log)-most):]
}

func (m StopMode) signal() syscall.Signal {
	return [...]syscall.Signal{Fast: syscall.SIGINT, Immediate: syscall.SIGQUIT, Kill: syscall.SIGKILL}[m]
}

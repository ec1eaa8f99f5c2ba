package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// superuser is the one role of a fresh cluster.
const superuser = "postgres"

// Options of a cluster.
type Options struct {
	// Settings are server settings by name, beside PostgreSQL's own defaults. They are arguments of
	// the server, so ALTER SYSTEM cannot change them.
	Settings map[string]string
}

// Cluster is a private PostgreSQL server with its data. Its methods may be called from
// several goroutines.
type Cluster struct {
	bin      string
	home     *home
	owner    *owner
	password string
	options  Options
	port     int

	mu      sync.Mutex
	process *process // nil while stopped
}

// Start makes a new cluster and starts it. The caller calls Remove. If it cannot, the server
// dies with this process, and a later Start removes the directory.
func Start(opts Options) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	own, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := newHome(own)
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, home: dir, owner: own, password: rand.Text(), options: opts}
	if err := c.create(); err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

func (c *Cluster) create() error {
	if !c.unpackImage() {
		if err := errors.Join(c.initdb(), c.packImage()); err != nil {
			return err
		}
	}
	return c.startOnFreePort()
}

// startOnFreePort tries again if another process took the port before the server did.
func (c *Cluster) startOnFreePort() error {
	var err error
	for range 3 {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.Restart(); err == nil || !strings.Contains(err.Error(), "already in use") {
			return err
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // it was opened only to find a free port
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// initdb skips its own fsync, which matters only if the machine loses power while the test
// runs. The server's fsync stays on.
func (c *Cluster) initdb() error {
	secret := c.passwordFile()
	if err := os.WriteFile(secret, []byte(c.password), 0o600); err != nil {
		return err
	}
	if err := c.owner.give(secret); err != nil {
		return err
	}
	cmd := c.Command("initdb", append(c.locale(), "--pgdata", c.Data(), "--username", superuser, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync", "--no-instructions")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// locale sets a collation that is not bytewise, so that queries that rely on the database's own
// order fail. PostgreSQL 14 lacks such a collation.
func (c *Cluster) locale() []string {
	if version(c.bin) < 15 {
		return []string{"--locale", "C"}
	}
	return []string{"--locale", "C", "--locale-provider", "icu", "--icu-locale", "en"}
}

// Command prepares one of PostgreSQL's server programs (pg_ctl, pg_basebackup ...) to run as
// the owner of the cluster.
func (c *Cluster) Command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(c.bin, program), args...)
	cmd.Env = inheritedEnv()
	cmd.Dir = c.home.path
	c.owner.become(cmd)
	return cmd
}

// URL of a database of this cluster, for its superuser. It stays the same over Restart.
func (c *Cluster) URL(database string) string {
	return c.urlVia("127.0.0.1", database)
}

// SocketURL returns the URL of the Unix socket.
func (c *Cluster) SocketURL(database string) string {
	return c.urlVia(c.home.path, database)
}

func (c *Cluster) urlVia(host, database string) string {
	query := url.Values{"host": {host}, "port": {strconv.Itoa(c.port)}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, c.password), Path: "/" + database, RawQuery: query.Encode()}
	return u.String()
}

// Data returns the data directory.
func (c *Cluster) Data() string { return filepath.Join(c.home.path, "data") }

// LogFile returns the server's log, of all its runs.
func (c *Cluster) LogFile() string { return filepath.Join(c.home.path, "postgres.log") }

// Remove kills the server and deletes its data and log. Calling it again does nothing.
func (c *Cluster) Remove() error {
	return errors.Join(c.Stop(Kill), c.home.remove())
}

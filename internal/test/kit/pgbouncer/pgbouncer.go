// Package pgbouncer puts PgBouncer, in transaction mode, between a test and PostgreSQL.
//
// The program is the one on PATH or in /usr/sbin. Without it the test fails and says what to
// install.
package pgbouncer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// PoolSize is the number of the server's sessions that all clients share.
const PoolSize = 3

const startTimeout = 20 * time.Second

// Start pools the server of a URL in pgtest's form until the test ends, and returns the
// URL of the same database through the pool.
func Start(t testing.TB, database string) string {
	t.Helper()
	program := find(t)
	dir, err := os.MkdirTemp("", "simferry-pgbouncer-") //nolint:usetesting // t.TempDir lets no other user in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	port, pooled, err := configure(dir, database)
	if err != nil {
		t.Fatal(err)
	}
	if err := start(t, program, dir, port); err != nil {
		t.Fatal(err)
	}
	return pooled
}

func find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("PgBouncer is not installed: run .ci/setup, or apt-get install pgbouncer")
	return ""
}

// configure writes pgbouncer.ini: every database by its own name, always as the URL's user.
func configure(dir, database string) (port int, pooled string, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return 0, "", errors.New("pgbouncer: the database URL is not valid")
	}
	if port, err = freePort(); err != nil {
		return 0, "", err
	}
	query := u.Query()
	password, _ := u.User.Password()
	ini := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
logfile = %s
`, query.Get("host"), query.Get("port"), u.User.Username(), password, port, PoolSize, filepath.Join(dir, "pgbouncer.log"))
	query.Set("host", "127.0.0.1")
	query.Set("port", strconv.Itoa(port))
	u.RawQuery = query.Encode()
	return port, u.String(), os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(ini), 0o600)
}

func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // it served to learn the number
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

func start(t testing.TB, program, dir string, port int) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, filepath.Join(dir, "pgbouncer.ini")) // killed when the test ends
	if err := unprivileged(cmd, dir); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := <-ended; err == nil {
			t.Error("PgBouncer exited unexpectedly") // it is killed
		}
	})
	return awaitListening(port, dir, ended)
}

// awaitListening returns once the pooler takes connections.
func awaitListening(port int, dir string, ended chan error) error {
	deadline := time.Now().Add(startTimeout)
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-ended:
			ended <- err
			log, _ := os.ReadFile(filepath.Join(dir, "pgbouncer.log"))
			return fmt.Errorf("PgBouncer does not start: %w\n%s", err, log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PgBouncer does not listen after %v", startTimeout)
		}
	}
}

// unprivileged runs cmd as another user if this process is root, which PgBouncer
// refuses to be.
func unprivileged(cmd *exec.Cmd, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return fmt.Errorf("PgBouncer does not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return errors.Join(os.Chown(dir, int(uid), int(gid)), os.Chown(filepath.Join(dir, "pgbouncer.ini"), int(uid), int(gid)))
}

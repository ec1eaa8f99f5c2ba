package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby makes a standby of this cluster and starts it: with the cluster's data, settings
// and password, on a port of its own. The primary knows it by its name, which must be a
// plain word, in synchronous_standby_names. The caller calls Remove.
func (c *Cluster) Standby(name string) (*Cluster, error) {
	dir, err := newHome(c.owner)
	if err != nil {
		return nil, err
	}
	s := &Cluster{bin: c.bin, home: dir, owner: c.owner, password: c.password, options: c.options}
	if s.port, err = freePort(); err == nil {
		err = s.Follow(c, name)
	}
	if err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// Follow makes this cluster, whatever it was, a standby of another one: its data are thrown
// away and copied again. A primary that has been replaced comes back this way, at the same
// address.
func (c *Cluster) Follow(primary *Cluster, name string) error {
	if err := c.Stop(Kill); err != nil {
		return err
	}
	if err := os.RemoveAll(c.Data()); err != nil {
		return err
	}
	cmd := c.Command("pg_basebackup", "--pgdata", c.Data(), "--dbname", primary.URL("")+"&application_name="+name,
		"--wal-method", "stream", "--write-recovery-conf", "--checkpoint", "fast", "--no-sync",
		"--create-slot", "--slot", name+"_"+strings.ToLower(rand.Text()))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return c.Restart()
}

// Promote makes a standby the primary, and returns once it takes writes.
func (c *Cluster) Promote() error {
	cmd := c.Command("pg_ctl", "promote", "--pgdata", c.Data(), "--wait", "--timeout", strconv.Itoa(int(startTimeout/time.Second)))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl promote: %w\n%s", err, out)
	}
	return nil
}

// Synchronous has every commit wait for the named standby; "" has none wait. It returns
// once that is so.
func (c *Cluster) Synchronous(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // the statements have been answered
	set := "ALTER SYSTEM SET synchronous_standby_names = '" + name + "'"
	for _, statement := range []string{set, "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	so := "SELECT current_setting('synchronous_standby_names') = '' AND $1 = ''" +
		" OR EXISTS (SELECT FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync')"
	for done := false; !done; {
		if err := conn.QueryRow(ctx, so, name).Scan(&done); err != nil {
			return err
		}
	}
	return nil
}

// Address returns the URL of a database on whichever of several clusters of one password takes
// writes.
func Address(database string, clusters ...*Cluster) string {
	var hosts, ports []string
	for _, c := range clusters {
		hosts, ports = append(hosts, "127.0.0.1"), append(ports, strconv.Itoa(c.port))
	}
	query := url.Values{
		"host": {strings.Join(hosts, ",")}, "port": {strings.Join(ports, ",")}, "sslmode": {"disable"}, "target_session_attrs": {"read-write"},
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, clusters[0].password), Path: "/" + database, RawQuery: query.Encode()}
	return u.String()
}

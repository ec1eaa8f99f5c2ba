package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// site is one database, the servers over it, and the mail server that receives their messages.
type site struct {
	binary, dir string
	database    string
	db          *sql.DB         // for direct queries
	cluster     *pgtest.Cluster // nil on SQLite
	mailServer  *mailServer

	mu      sync.Mutex
	servers []*proc.Server
	turn    int
}

// open makes the database, and fills it with the world.
func open(ctx context.Context, binary, dir string, servers int, seed uint64) (s *site, err error) {
	s = &site{binary: binary, dir: dir, servers: make([]*proc.Server, servers), database: "sqlite:" + filepath.Join(dir, "simferry.db")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if servers > 1 {
		if s.cluster, err = pgtest.Start(pgtest.Options{}); err != nil {
			return s, err
		}
		s.database = s.cluster.URL("postgres")
	}
	if err := proc.Seed(ctx, binary, s.database, world()); err != nil {
		return s, err
	}
	if s.db, err = dbcheck.Open(s.database); err != nil {
		return s, err
	}
	s.mailServer, err = openMailServer(seed, s.committed)
	return s, err
}

// committed reports whether a mail's row is committed.
func (s *site) committed(uid string) (there bool, err error) {
	err = s.db.QueryRowContext(context.Background(), "SELECT count(*) > 0 FROM mails WHERE uid = $1", uid).Scan(&there)
	return there, err
}

// start starts the servers that are not running.
func (s *site) start(ctx context.Context) error {
	for i, server := range s.servers {
		if server != nil && server.Running() {
			continue
		}
		server, err := proc.Serve(ctx, proc.Options{
			Binary: s.binary, Database: s.database, Log: filepath.Join(s.dir, "log"),
			Env: []string{"SIMFERRY_SMTP_URL=" + s.mailServer.url, "SIMFERRY_MAIL_FROM=ferry@example.com"},
		})
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.servers[i] = server
		s.mu.Unlock()
	}
	return nil
}

// dial opens connections to the servers in turn.
func (s *site) dial(ctx context.Context) (net.Conn, error) {
	s.mu.Lock()
	server := s.servers[s.turn%len(s.servers)]
	s.turn++
	s.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(server.URL, "http://"))
}

// kill sends SIGKILL to one server, or to all of them.
func (s *site) kill(only int) (err error) {
	for i, server := range s.servers {
		if only < 0 || i == only {
			err = errors.Join(err, server.Kill())
		}
	}
	return err
}

// lastAttempt is the attempt after which a mail is given up, whatever happened to the others.
const lastAttempt = 12

// later simulates that hours have passed: deferred mails and mails claimed by a dead server are
// due, except those that were tried too often.
func (s *site) later(ctx context.Context, tried int) error {
	_, err := s.db.ExecContext(ctx, "UPDATE mails SET due_at = created_at WHERE done = 0 AND attempts < $1", tried)
	return err
}

// waiting counts the mails that are neither delivered nor given up.
func (s *site) waiting(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM mails WHERE done = 0").Scan(&n)
	return n, err
}

// row is a mail as the database has it.
type row struct {
	recipient, place, secret string
	done                     int64
}

// rows returns all mails by their ids.
func (s *site) rows(ctx context.Context) (map[string]row, error) {
	found, err := s.db.QueryContext(ctx, "SELECT uid, recipient, workspace, secret, done FROM mails")
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }() // Err reports a failure
	list := make(map[string]row)
	for found.Next() {
		var uid string
		var r row
		if err := found.Scan(&uid, &r.recipient, &r.place, &r.secret, &r.done); err != nil {
			return nil, err
		}
		if _, twice := list[uid]; twice {
			return nil, fmt.Errorf("two mails have the id %s", uid)
		}
		list[uid] = r
	}
	return list, found.Err()
}

func (s *site) close() (err error) {
	for _, server := range s.servers {
		if server != nil {
			err = errors.Join(err, server.Kill())
		}
	}
	if s.mailServer != nil {
		err = errors.Join(err, s.mailServer.close())
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	if s.cluster != nil {
		err = errors.Join(err, s.cluster.Remove())
	}
	return err
}

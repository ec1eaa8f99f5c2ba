package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// serverEnv names a server that is there already.
const serverEnv = "SIMFERRY_TEST_POSTGRES"

// server holds the databases of this process. It is found or started at first use.
type server struct {
	mu      sync.Mutex
	found   bool
	failure error
	admin   string   // superuser's URL
	cluster *Cluster // nil if the server is not ours

	templates templates
	pool      pool
}

var shared server

// patience is how many seconds a test waits for a connection. Simferry's own default is shorter
// than what a busy machine takes.
const patience = "30"

// volatile gives up what survives a power cut only. A killed server still keeps every commit,
// because the kernel has it. Tests of durability start a cluster of their own, which has
// PostgreSQL's defaults.
var volatile = map[string]string{"fsync": "off", "full_page_writes": "off"}

// url returns the superuser's URL. It remembers a failure, so that not every test waits for it
// again.
func (s *server) url() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.found {
		s.found = true
		s.failure = s.find()
	}
	return s.admin, s.failure
}

func (s *server) find() error {
	if s.admin = os.Getenv(serverEnv); s.admin != "" {
		return nil
	}
	var err error
	if s.cluster, err = Start(Options{Settings: volatile}); err != nil {
		return err
	}
	s.admin = s.cluster.URL("postgres")
	return nil
}

// exec runs statements as the superuser, outside a transaction, as CREATE DATABASE and DROP
// DATABASE require.
func (s *server) exec(statements ...string) error {
	admin, err := s.url()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("the tests' PostgreSQL does not answer: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // the statements have been answered
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// urlOf returns the URL of another database of the same server.
func (s *server) urlOf(database string) (string, error) {
	admin, err := s.url()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", fmt.Errorf("%s is not a valid URL", serverEnv)
	}
	u.Path = "/" + database
	query := u.Query()
	query.Set("connect_timeout", patience)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// close removes the databases that tests made, and our server.
func (s *server) close() error {
	s.mu.Lock()
	cluster := s.cluster
	s.mu.Unlock()
	if cluster != nil {
		return cluster.Remove()
	}
	return errors.Join(s.pool.drop(s), s.templates.drop(s))
}

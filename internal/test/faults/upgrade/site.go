package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Previous is the version that is replaced: the last commit whose schema had two steps, as long
// as there is no release. SIMFERRY_UPGRADE_FROM names another commit or tag.
const Previous = "2c8d784"

// buildPrevious builds the previous version from the history of the tree.
func buildPrevious(ctx context.Context, dir string) (string, error) {
	ref := os.Getenv("SIMFERRY_UPGRADE_FROM")
	if ref == "" {
		ref = Previous
	}
	if err := exec.CommandContext(ctx, "git", "-C", faults.Root(), "cat-file", "-e", ref+"^{commit}").Run(); err != nil {
		return "", fmt.Errorf("%w: this clone has no commit %s, the previous version: fetch the whole history", faults.ErrCannotRun, ref)
	}
	sources, archive := filepath.Join(dir, "previous"), filepath.Join(dir, "previous.tar")
	if err := os.Mkdir(sources, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(dir, "simferry-previous")
	for _, c := range []struct {
		in   string
		args []string
	}{
		{faults.Root(), []string{"git", "archive", "--output", archive, ref}},
		{sources, []string{"tar", "-xf", archive}},
		{sources, []string{"go", "build", "-o", file, "./cmd/simferry"}},
	} {
		cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
		cmd.Dir = c.in
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("the previous version (%s, SIMFERRY_UPGRADE_FROM names another): %w\n%s", ref, err, out)
		}
	}
	return file, nil
}

// site is one database, the servers that were started over it, and their clients.
type site struct {
	before, after string // the programs
	cluster       *pgtest.Cluster
	url           string
	running       []*proc.Server
	clients       *traffic.Clients
}

// setUp starts two servers of the previous version.
func setUp(ctx context.Context, before, after string, seed uint64) (s *site, err error) {
	// A server replays only the migrations that an earlier version has stored under a key.
	o := traffic.Options{Clients: clients, Seed: seed, MigrationsOnly: true, RepeatSuccessesOnly: true}
	s = &site{before: before, after: after, clients: traffic.New(o)}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	if s.cluster, err = pgtest.Start(pgtest.Options{}); err != nil {
		return nil, err
	}
	if s.url, err = s.cluster.CreateDatabase(ctx, "simferry"); err != nil {
		return nil, err
	}
	if err := traffic.Seed(ctx, before, s.url, o); err != nil {
		return nil, err
	}
	if err := errors.Join(s.serve(ctx, before), s.serve(ctx, before)); err != nil {
		return nil, err
	}
	// Signed in once, at the previous version: an upgrade signs no user out.
	err = s.clients.SignIn(ctx, s.running[0].URL)
	return s, err
}

func (s *site) serve(ctx context.Context, program string) error {
	server, err := proc.Serve(ctx, proc.Options{Binary: program, Database: s.url})
	if err == nil {
		s.running = append(s.running, server)
	}
	return err
}

// urls returns the addresses of some of the servers.
func (s *site) urls(servers ...int) []string {
	urls := make([]string, len(servers))
	for i, n := range servers {
		urls[i] = s.running[n].URL
	}
	return urls
}

func (s *site) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // the statement has completed
	_, err = conn.Exec(ctx, statement)
	return err
}

func (s *site) remove() {
	for _, server := range s.running {
		_ = server.Kill() // some have already ended
	}
	if s.cluster != nil {
		_ = s.cluster.Remove() // the next run cleans up
	}
}

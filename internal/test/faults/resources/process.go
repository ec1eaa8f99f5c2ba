package resources

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// served is a database with a server process over it.
type served struct {
	database string // for comparisons
	process  *proc.Server
	users    *traffic.Clients
	makers   *jobload.Load // users who create jobs; nil for none
}

// withJobs adds users who create jobs.
func (s *served) withJobs(ctx context.Context, seed uint64) (err error) {
	sound, err := faults.Build(ctx, faults.Mutation{})
	if err == nil {
		err = jobload.Seed(ctx, sound, s.database)
	}
	if err == nil {
		s.makers, err = jobload.Begin(ctx, jobload.Options{Seed: seed, URLs: []string{s.process.URL}, Acts: true, Few: true})
	}
	return err
}

// serve builds, seeds and starts a server. through is the URL by which the server reaches the
// database.
func serve(ctx context.Context, p place, database, through string) (s served, err error) {
	o := traffic.Options{Clients: clients, Seed: p.seed}
	sound, err := faults.Build(ctx, faults.Mutation{})
	if err == nil {
		err = traffic.Seed(ctx, sound, database, o)
	}
	if err != nil {
		return s, err
	}
	binary, err := faults.Build(ctx, p.mutation)
	if err != nil {
		return s, err
	}
	s.database, s.users = database, traffic.New(o)
	if s.process, err = proc.Serve(ctx, proc.Options{Binary: binary, Database: through}); err != nil {
		return s, err
	}
	if err = s.users.SignIn(ctx, s.process.URL); err != nil {
		err = errors.Join(err, s.process.Kill())
	}
	return s, err
}

func (s served) url() string               { return s.database }
func (s served) server() string            { return s.process.URL }
func (s served) clients() *traffic.Clients { return s.users }
func (s served) jobLoad() *jobload.Load    { return s.makers }
func (s served) close() error              { return s.process.Stop(context.Background()) }

// settle has nothing to do: the server works in the background.
func (s served) settle(context.Context) error { return nil }
func (s served) resume(context.Context)       {}

func (s served) faults() []string {
	var list []string
	for _, p := range s.process.Panics() {
		list = append(list, "I12: the server panics: "+p)
	}
	return list
}

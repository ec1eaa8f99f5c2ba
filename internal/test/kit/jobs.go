package kit

import (
	"log/slog"

	"github.com/simferry/simferry/internal/job"
)

// RunJobs does what a server does for jobs in the background, until none has anything to do now.
func (s *Server) RunJobs() {
	s.T.Helper()
	r := job.Runner{Control: s.Control, Owner: "test", Log: slog.New(slog.DiscardHandler)}
	if err := r.RunDue(s.T.Context()); err != nil {
		s.T.Errorf("jobs: %v", err)
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
)

// migrateJobFlags choose between a job and the command, and set what only a job can do.
type migrateJobFlags struct {
	asJob     bool
	onClient  bool
	at        string
	reference string
	reason    string

	start time.Time // what at means; zero for now
}

// onlyJobs are the flags that only a job of the server can follow.
var onlyJobs = []string{"as-job", "at"}

func (f *migrateJobFlags) jobFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.onClient, "on-client", false, "let this command move the SIMs itself, as with a server without jobs; it must run until the end")
	cmd.Flags().BoolVar(&f.asJob, "as-job", false, "fail if the server has no jobs, instead of moving the SIMs from here")
	cmd.Flags().StringVar(&f.at, "at", "", "let the server begin at this time, such as 22:00, 'fri 22:00' or '2026-12-04 22:00', and do not wait for the end")
	cmd.Flags().StringVar(&f.reference, "reference", "", "such as a ticket number, kept in the ledger; only Simferry has references")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, kept in the ledger; a Workspace can require it, only Simferry has reasons")
	for _, name := range onlyJobs {
		cmd.MarkFlagsMutuallyExclusive("on-client", name)
	}
}

// needsJob returns a flag that only a job can follow; "" for none.
func (f *migrateJobFlags) needsJob() string {
	switch {
	case f.at != "":
		return "--at"
	case f.asJob:
		return "--as-job"
	}
	return ""
}

// chooseWay decides whether the server moves the SIMs, as a job, or this command. If the flags do
// not say it, the server has the choice: other servers of the contract have no jobs.
func (s *migrateRun) chooseWay(ctx context.Context) error {
	switch {
	case s.onClient:
		return nil
	case s.chunked:
		s.screen.note("With --chunk this command moves the SIMs itself, not as a job of the server.")
		return nil
	}
	var offered bool
	err := s.throttle.Persist(ctx, func(ctx context.Context) (err error) {
		offered, err = s.client.OffersJobs(ctx)
		return err
	})
	if _, refused := errors.AsType[*client.APIError](err); err != nil && (!refused || client.IsUnauthorized(err)) {
		return err
	}
	switch flag := s.needsJob(); {
	case offered:
		s.byServer = true
	case s.terms.Reference != "" || s.terms.Reason != "":
		return usagef("this server has no references and reasons: leave --reference and --reason out")
	case flag != "":
		return usagef("%s needs a job of the server, and this server has no jobs: leave the flag out", flag)
	default:
		s.screen.note("This server has no jobs, so this command moves the SIMs itself.")
	}
	return nil
}

// wayWords says how the SIMs of a plan move.
func (s *migrateRun) wayWords(requests int) string {
	switch {
	case !s.byServer:
		return fmt.Sprintf("in %s %s", thousands(requests), plural(requests, "request", "requests"))
	case s.start.IsZero():
		return "as a job of the server"
	}
	return "as a job of the server, from " + startWords(s.start) + " on"
}

func startWords(t time.Time) string { return t.Format("Mon 2006-01-02 15:04 MST") }

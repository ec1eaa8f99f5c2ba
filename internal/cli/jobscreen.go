package cli

import (
	"context"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// showPlan prints what a job would do.
func (r *jobRun) showPlan(ctx context.Context, j *client.Job) error {
	s := r.screen
	s.paragraph(0, "Job %d: %s%s.", j.ID, jobWords(&j.Job), referenceWords(&j.Job))
	if n := j.Count(client.VerdictPlanned); n > 0 {
		s.line("")
		s.paragraph(0, "%s %s.", sims(n), planWords(&j.Job, n))
		s.printOffline(&j.Job)
	}
	if n := j.Count(client.VerdictUnchanged); n > 0 {
		s.paragraph(0, "%s: nothing to do.", unchangedWords(&j.Job, n))
	}
	blocked, more, err := r.blocked(ctx, j)
	if err != nil {
		return err
	}
	s.printLeft(j, blocked, more)
	r.shown = len(blocked)
	switch moves := j.Count(client.VerdictPlanned); {
	case moves == 0:
		s.line("\nNothing to do.")
	case len(blocked) > 0 && r.conflict == stop && !r.dryRun:
		s.line("")
		s.paragraph(0, "Nothing happens, because some SIMs may not be changed. To change the other %s anyway, use --on-conflict skip.", thousands(moves))
	}
	return nil
}

func planWords(j *api.Job, n int) string {
	switch {
	case j.Kind == "undo":
		return plural(n, "moves back", "move back") + undoneWords(j)
	case j.TargetWorkspace != nil:
		return plural(n, "moves to ", "move to ") + j.TargetWorkspace.Name
	case j.Status != nil:
		return plural(n, "becomes ", "become ") + j.Status.Description
	}
	return plural(n, "changes", "change")
}

// undoneWords says what an undo restores in addition to the Workspaces.
func undoneWords(j *api.Job) string {
	status, device := j.RestoreStatus == nil || *j.RestoreStatus, j.RestoreDevices == nil || *j.RestoreDevices
	switch {
	case status && device:
		return ", with the statuses and the devices as before"
	case status:
		return ", with the statuses as before"
	case device:
		return ", with the devices as before"
	}
	return ""
}

func unchangedWords(j *api.Job, n int) string {
	switch {
	case j.Status != nil:
		return fmt.Sprintf("%s %s %s already", sims(n), plural(n, "is", "are"), j.Status.Description)
	case j.TargetWorkspace != nil:
		return fmt.Sprintf("%s %s already in %s", sims(n), plural(n, "is", "are"), j.TargetWorkspace.Name)
	}
	return fmt.Sprintf("%s %s no change", sims(n), plural(n, "needs", "need"))
}

// printOffline says which SIMs a plan takes offline.
func (s *screen) printOffline(j *api.Job) {
	switch {
	case j.Kind == "migration" && (j.Landing == nil || j.Landing.Status != "activate"):
		s.styled(yellow, "Those that are Activated become Suspended: offline until activated in %s.", nameOf(j.TargetWorkspace))
	case j.Status != nil && j.Status.ID == client.SIMSuspended:
		s.styled(yellow, "Suspended SIMs are offline.")
	}
}

// printLeft prints why SIMs are not changed.
func (s *screen) printLeft(j *client.Job, blocked []bulk.BlockedSIM, more bool) {
	if len(blocked) == 0 {
		return
	}
	n := j.Count(client.VerdictRefused) + j.Count(client.VerdictDrifted) + j.Count(client.VerdictNotFound)
	s.line("")
	if more {
		s.styled(red, "%s may not be changed; the reasons of the first %s:", sims(n), thousands(len(blocked)))
	} else {
		s.styled(red, "%s may not be changed:", sims(n))
	}
	s.printReasons(blocked, jobHints(&j.Job))
	s.line("\nThe verdict on every SIM: simferry jobs sims %d", j.ID)
}

// printEnd prints how a job ended.
func (s *screen) printEnd(j *client.Job) {
	as := green
	if j.State != client.JobCompleted {
		as = yellow
	}
	s.styled(as, "Job %d is %s: %s of %s done.", j.ID, stateWords(&j.Job), thousands(j.Count(client.VerdictDone)), sims(j.SIMCount))
	if why := j.StatusDetails.Why; why != "" {
		s.paragraph(0, "%s.", capital(why))
	}
}

// capital returns a text that begins a sentence.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// jobHints returns what helps against a reason of a job. Its commands have other flags than those
// of a migration.
func jobHints(j *api.Job) func(code int) string {
	return func(code int) string {
		switch {
		case j.Kind == "sim_status" && code == client.StatusNotAllowed && j.Status != nil && j.Status.ID == client.SIMSuspended:
			return "only Activated SIMs can be suspended: leave the others out, or use --on-conflict skip"
		case j.Kind == "sim_status" && code == client.StatusNotAllowed:
			return "leave them out, or use --on-conflict skip"
		case j.Kind == "undo" && (code == client.SIMsChanged || code == client.AlreadyUndone):
			return undoHints[code]
		}
		return hint(code)
	}
}

// undoHints are the hints for an undo without --sim-id.
var undoHints = map[int]string{
	client.SIMsChanged:   "--on-conflict skip leaves them out; --keep-status ignores a changed status, --detach another device",
	client.AlreadyUndone: "--on-conflict skip leaves them out",
}

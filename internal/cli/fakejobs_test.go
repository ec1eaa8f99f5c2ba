package cli_test

import (
	"net/http"
	"sync/atomic"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// jobRoutes serves jobs that can do everything: a plan is ready at once, and a started job pauses,
// waits, runs and ends.
func (f *fakeAPI) jobRoutes(mux *http.ServeMux) {
	named := func(id int64) *api.NamedRef { return &api.NamedRef{ID: id, Name: f.name} }
	var reads atomic.Int32
	job := func(state string) api.Job {
		return api.Job{
			ID: 7, Kind: "migration", State: state, User: *named(7), TargetWorkspace: named(200), SourceWorkspaces: []api.NamedRef{*named(100)},
			StatusDetails: api.JobDetails{State: state, User: named(7), Why: f.name, WaitingFor: f.name, Until: &api.Time{}}, SIMCount: 3,
			Counts:    []api.JobCount{{Verdict: client.VerdictPlanned, Count: 1}, {Verdict: client.VerdictRefused, Count: 1}, {Verdict: f.name, Count: 1}},
			Reference: f.name, Reason: f.name, Status: &api.Ref{ID: 2, Description: f.name},
		}
	}
	states := []string{client.JobPlanned, client.JobPaused, client.JobWaiting, client.JobRunning, client.JobFailed}
	answer := func(status int, body func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if f.failure != "" {
				answerJSON(w, http.StatusForbidden, api.Error{ErrorCode: 1104, ErrorToken: "Forbidden", Message: f.failure})
				return
			}
			w.Header().Set("ETag", `"e"`)
			onePage(w)
			answerJSON(w, status, body())
		}
	}
	planned := func() any { return job(client.JobPlanned) }
	mux.HandleFunc("GET /api/v1/migration_job", answer(http.StatusOK, func() any { return []api.Job{job(f.name)} }))
	mux.HandleFunc("GET /api/v1/migration_job/7", answer(http.StatusOK, func() any { return job(states[int(reads.Add(1))%len(states)]) }))
	mux.HandleFunc("GET /api/v1/migration_job/7/sim", answer(http.StatusOK, func() any {
		return []api.JobSIM{
			{ID: 250, ICCID: f.name, Verdict: f.name, SourceWorkspace: named(100), Errors: []api.JobSIMReason{{ErrorCode: 1502, Message: f.name}}},
			{Identifier: f.name, Verdict: client.VerdictNotFound},
		}
	}))
	for _, action := range []string{"start", "pause", "resume", "cancel"} {
		mux.HandleFunc("POST /api/v1/migration_job/7/"+action, answer(http.StatusOK, func() any { return job(client.JobRunning) }))
	}
	for _, path := range []string{"migration_job", "sim_status_job", "migration_job/7/retry", "migration_job/7/undo"} {
		mux.HandleFunc("POST /api/v1/"+path, answer(http.StatusCreated, planned))
	}
}

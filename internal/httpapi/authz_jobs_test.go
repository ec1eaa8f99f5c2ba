package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// jobAccess is what each caller gets from an operation on a job that moves SIMs from FleetDE to
// FleetFR. of is the state of the job: done, planned, waiting, held (for approval) or paused.
type jobAccess struct {
	of                                                                                               string
	creator, targetAdmin, sourceAdmin, sourceUser, sourceObserver, stranger, application, superAdmin int
}

var readJobs = jobAccess{"done", 200, 200, 200, 200, 200, 404, 200, 200}

// jobAccesses has a row for each operation on a job.
var jobAccesses = map[string]jobAccess{
	"GET /api/v1/migration_job/{job_id}":          readJobs,
	"GET /api/v1/migration_job/{job_id}/sim":      readJobs,
	"GET /api/v1/migration_job/{job_id}/watch":    readJobs,
	"GET /api/v1/sim_status_job/{job_id}/watch":   readJobs,
	"POST /api/v1/migration_job/{job_id}/start":   {"planned", 200, 200, 403, 403, 403, 404, 403, 200},
	"POST /api/v1/migration_job/{job_id}/pause":   {"waiting", 200, 200, 200, 403, 403, 404, 403, 200},
	"POST /api/v1/migration_job/{job_id}/resume":  {"paused", 200, 200, 403, 403, 403, 404, 403, 200},
	"POST /api/v1/migration_job/{job_id}/cancel":  {"waiting", 200, 200, 200, 403, 403, 404, 403, 200},
	"POST /api/v1/migration_job/{job_id}/approve": {"held", 403, 403, 200, 403, 403, 404, 403, 200},
	"POST /api/v1/migration_job/{job_id}/reject":  {"held", 403, 403, 200, 403, 403, 404, 403, 200},
	// A retry is a new job of the caller, who has to administer the target.
	"POST /api/v1/migration_job/{job_id}/retry": {"done", 201, 201, 404, 404, 404, 404, 403, 201},
	// So is an undo: the caller has to administer both Workspaces of at least one of its moves.
	"POST /api/v1/migration_job/{job_id}/undo": {"done", 201, 404, 404, 404, 404, 404, 403, 201},
}

func TestEveryJobOperationHasARow(t *testing.T) {
	known := 0
	for _, r := range httpapi.Routes() {
		if strings.Contains(r.Pattern, "{job_id}") {
			known++
			if _, ok := jobAccesses[r.Pattern]; !ok {
				t.Errorf("%s: add what each caller gets to jobAccesses", r.Pattern)
			}
		}
	}
	if known != len(jobAccesses) {
		t.Errorf("%d operations on jobs have %d rows", known, len(jobAccesses))
	}
}

// Each operation on a job that exists gives each role what the table says.
func TestJobAuthorization(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.NoRole)
		program := application(s, newApplicationToken(s, control.NewToken{Workspace: kit.FleetDE}))
		sim := int64(1000)
		job := func(state string) (path string) {
			t.Helper()
			body := plus(selecting(sim), "target_workspace", object{"id": kit.FleetFR})
			sim++
			switch state {
			case "held":
				holdJobs(s)
				defer releaseJobs(s)
				body = withAuto(body)
			case "waiting", "paused":
				body = plus(withAuto(body), "not_before", "2027-01-01T00:00:00Z")
			case "done":
				body = withAuto(body)
			}
			path, j := jobOf(t, s, admin, body)
			if state == "paused" {
				admin.Post(path+"/pause", "").Is(http.StatusOK)
			}
			if want := map[string]string{"done": "completed", "planned": "planned", "waiting": "waiting", "held": "waiting", "paused": "waiting"}[state]; j.State != want {
				t.Fatalf("the job is %s, want %s", j.State, want)
			}
			return path
		}
		for pattern, row := range jobAccesses {
			method, url, _ := strings.Cut(pattern, " ")
			path := job(row.of)
			for _, c := range []struct {
				name string
				as   *kit.Client
				want int
			}{ // those without the right come first: the job stays as it is
				{"stranger", s.As("stranger@example.com"), row.stranger}, {"application", program, row.application},
				{"sourceObserver", s.As("observer@example.com"), row.sourceObserver}, {"sourceUser", s.As("user@example.com"), row.sourceUser},
				{"sourceAdmin", s.As("issuer@example.com").In(kit.FleetDE), row.sourceAdmin}, {"targetAdmin", s.As("target@example.com"), row.targetAdmin},
				{"superAdmin", s.As("root@example.com"), row.superAdmin}, {"creator", admin, row.creator},
			} {
				as := c.as
				if strings.HasSuffix(pattern, "/start") || strings.HasSuffix(pattern, "/approve") {
					as = as.With("If-Match", admin.Get(path).Header.Get("ETag"))
				}
				got := as.Do(method, strings.NewReplacer("/api/v1/migration_job/{job_id}", path, "/api/v1/sim_status_job/{job_id}", path).Replace(url), nil)
				if got.Status != c.want {
					t.Errorf("%s by %s: %d, want %d: %s", pattern, c.name, got.Status, c.want, got.Body)
				}
				if got.Status == http.StatusOK && method == http.MethodPost {
					path = job(row.of) // the next caller needs another one
				}
			}
		}
	})
}

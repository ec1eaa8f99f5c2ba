package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

const migrationJobs = "/api/v1/migration_job"

// jobOf makes a job, lets the server work on it, and reads it.
func jobOf(t *testing.T, s *kit.Server, c *kit.Client, body object) (path string, j api.Job) {
	t.Helper()
	path = c.Post(migrationJobs, body).Is(http.StatusCreated).Header.Get("Location")
	s.RunJobs()
	return path, readJob(t, c, path)
}

func readJob(t *testing.T, c *kit.Client, path string) api.Job {
	t.Helper()
	return decodeBody[api.Job](t, c.Get(path), http.StatusOK)
}

// counted returns the counts of a job as a text, as in "2 planned, 1 refused".
func counted(j api.Job) string {
	text := ""
	for i, c := range j.Counts {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", c.Count, c.Verdict)
	}
	return text
}

func isJob(t *testing.T, j api.Job, state, counts string) {
	t.Helper()
	if diff := cmp.Diff(state+": "+counts, j.State+": "+counted(j)); diff != "" {
		t.Errorf("job %d, %q (-want +got):\n%s", j.ID, j.StatusDetails.Why, diff)
	}
}

func selecting(ids ...int64) object {
	sims := []object{}
	for _, id := range ids {
		sims = append(sims, object{"id": id})
	}
	return object{"target_workspace": object{"id": 300}, "select": object{"sims": sims}}
}

// plus adds a property to a body.
func plus(o object, name string, value any) object {
	out := object{name: value}
	for k, v := range o {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// A dry run stops when it is planned. Started with the ETag of the plan, it moves exactly that.
func TestContract_JobIsPlannedStartedAndDone(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, plus(selecting(251, 252), "reference", "CHG-1"))
		isJob(t, j, "planned", "2 planned")
		tag := admin.Get(path).Is(http.StatusOK).Header.Get("ETag")
		admin.Post(path+"/start", "").Is(http.StatusBadRequest)
		admin.With("If-Match", `"other"`).Post(path+"/start", "").Is(http.StatusPreconditionFailed)
		admin.With("If-Match", tag).Post(path+"/start", "").Is(http.StatusOK)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "completed", "2 done")
		if diff := cmp.Diff("[[251 300] [252 300]]", fmt.Sprint(s.Rows("SELECT id, workspace_id FROM sims WHERE id IN (251, 252) ORDER BY id"))); diff != "" {
			t.Error(diff)
		}
		sims := decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim?q=verdict:done"), http.StatusOK)
		if len(sims) != 2 || sims[0].ID != 251 || sims[0].Migration == nil {
			t.Errorf("%+v", sims)
		}
		if list := decodeBody[[]api.Job](t, admin.Get(migrationJobs+"?q=state:completed"), http.StatusOK); len(list) != 1 {
			t.Errorf("%d jobs are listed", len(list))
		}
		admin.Post(path+"/pause", "").Is(http.StatusConflict)
	})
}

package httpapi_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// jobDamages are what no server writes. Each is found by a check of fsck, and repaired by the last
// statement. Job 1 has moved SIMs 1000 and 1001 by entries 2 and 3; job 2 is its undo, by entries 4
// and 5.
var jobDamages = []struct{ check, damage, repair string }{
	{"each SIM that a job changed has its line", "UPDATE job_sims SET entry = 3 WHERE job_id = 1 AND sim_id = 1000", "UPDATE job_sims SET entry = 2 WHERE job_id = 1 AND sim_id = 1000"},
	{"each SIM that a job changed has its line", "UPDATE job_sims SET entry = NULL WHERE job_id = 1 AND sim_id = 1000", "UPDATE job_sims SET entry = 2 WHERE job_id = 1 AND sim_id = 1000"},
	{"each SIM that a job changed has its line", "UPDATE job_sims SET version = version + 1 WHERE job_id = 1 AND sim_id = 1000", "UPDATE job_sims SET version = version - 1 WHERE job_id = 1 AND sim_id = 1000"},
	{"each SIM that a job changed has its line", "UPDATE job_sims SET source_id = 200 WHERE job_id = 1 AND sim_id = 1000", "UPDATE job_sims SET source_id = 100 WHERE job_id = 1 AND sim_id = 1000"},
	{"each SIM that a job changed has its line", "UPDATE job_sims SET undoes = 2 WHERE job_id = 2 AND sim_id = 1001", "UPDATE job_sims SET undoes = 3 WHERE job_id = 2 AND sim_id = 1001"},
	{"each SIM that a job changed has its line", "UPDATE jobs SET target_id = 200 WHERE id = 1", "UPDATE jobs SET target_id = 300 WHERE id = 1"},
	{"each ledger entry of a job moved", "UPDATE job_sims SET verdict = 2, entry = NULL WHERE job_id = 1 AND sim_id = 1000", "UPDATE job_sims SET verdict = 1, entry = 2 WHERE job_id = 1 AND sim_id = 1000"},
	{"each ledger entry of a job moved", "DELETE FROM job_entries WHERE ledger_id = 4", "INSERT INTO job_entries (job_id, ledger_id) VALUES (2, 4)"},
	{"the counts of a job are", "UPDATE job_counts SET sims = sims + 1 WHERE job_id = 1", "UPDATE job_counts SET sims = sims - 1 WHERE job_id = 1"},
	{"the counts of a job are", "UPDATE job_counts SET home_id = 200 WHERE job_id = 2", "UPDATE job_counts SET home_id = 100 WHERE job_id = 2"},
	{"each SIM that a job changed has its line", "UPDATE job_sims SET home_id = 200 WHERE job_id = 2 AND sim_id = 1001", "UPDATE job_sims SET home_id = 100 WHERE job_id = 2 AND sim_id = 1001"},
	{"the plan of a job counts", "UPDATE job_effects SET home_id = 200 WHERE job_id = 2", "UPDATE job_effects SET home_id = 100 WHERE job_id = 2"},
	{"the plan of a job counts", "UPDATE job_effects SET sims = sims + 1 WHERE job_id = 1", "UPDATE job_effects SET sims = sims - 1 WHERE job_id = 1"},
	{"the sides of a job are", "UPDATE job_sides SET workspace_id = 200 WHERE job_id = 1 AND side = 0", "UPDATE job_sides SET workspace_id = 100 WHERE job_id = 1 AND side = 0"},
	{"each undo mirrors", "UPDATE ledger SET undoes = 2 WHERE id = 4", "UPDATE ledger SET undoes = 3 WHERE id = 4"},
	{"each undo mirrors", "UPDATE ledger SET restore_status = NULL WHERE id = 5", "UPDATE ledger SET restore_status = 1 WHERE id = 5"},
}

// fsck finds verdicts that differ from the ledger, and undos that do not mirror their migration.
func TestJobDamageIsFound(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, plus(withAuto(selecting(1000, 1001)), "waves", []object{{"sims": 1}}))
		isJob(t, j, "completed", "2 done")
		undo := admin.Post(path+"/undo", object{"dry_run": false}).Is(201).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undo), "completed", "2 done")
		s.MustFsck()
		for _, d := range jobDamages {
			s.Exec(d.damage)
			report, err := operator.New(s.Control).Fsck(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, c := range report.Checks {
				found = found || strings.HasPrefix(c.Name, d.check) && !c.OK()
			}
			if !found {
				t.Errorf("%s: %q holds", d.damage, d.check)
			}
			s.Exec(d.repair)
		}
		s.MustFsck()
	})
}

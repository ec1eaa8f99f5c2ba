package console_test

import (
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// The overview shows the jobs under way, and those that need attention.
func TestOverview_Jobs(t *testing.T) {
	s := serveSite(t, kit.StartFerry(t, kit.SQLite), console.Options{})
	api, p := s.As("admin@example.com"), s.as(t, "admin@example.com")
	p.get("/overview").is(t, http.StatusOK).lacks(t, "Jobs under way")
	job := func(more map[string]any) {
		more["target_workspace"], more["select"] = map[string]any{"id": kit.FleetFR}, map[string]any{"sims": []any{map[string]any{"id": kit.IssuedSIM}, map[string]any{"id": kit.AttachedSIM}}}
		api.Post("/api/v1/migration_job", more).Is(http.StatusCreated)
	}
	job(map[string]any{})
	p.get("/overview").has(t, "Jobs under way", `href="/jobs/1"`)
	s.RunJobs()
	p.get("/overview").lacks(t, "Jobs under way").has(t, "Job 1 waits for its start")
	job(map[string]any{"dry_run": false, "on_conflict": "skip"})
	s.RunJobs()
	p.get("/overview").has(t, "1 SIM of job 2 was not changed", `href="/jobs/2"`)
	s.as(t, "stranger@example.com").get("/overview").is(t, http.StatusOK).lacks(t, `href="/jobs/`)
}

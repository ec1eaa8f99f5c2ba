package control_test

import (
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// All watchers of a job share its reads, which end with the last of them.
func TestWatchersShareReads(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	s.As("admin@example.com").Post("/api/v1/migration_job", map[string]any{
		"target_workspace": map[string]any{"id": 300}, "select": map[string]any{"sims": []map[string]any{{"id": 251}}},
	}).Is(201)
	root := identity.Principal{User: 8, Workspace: 100, SuperAdmin: true, Role: fleet.Administrator}
	var watches []*control.JobWatch
	for range 3 {
		w, err := s.Control.WatchJob(t.Context(), root, 1)
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, w)
	}
	if n := s.Control.WatchedJobs(); n != 1 {
		t.Errorf("%d jobs are read for the watchers of one", n)
	}
	s.RunJobs()
	for _, w := range watches {
		j, complete, changed := w.Job()
		for !complete || j.State != fleet.JobPlanned {
			<-changed // a plan has several steps, and a watcher may see any of them
			j, complete, changed = w.Job()
		}
		w.Close()
	}
	if n := s.Control.WatchedJobs(); n != 0 {
		t.Errorf("%d jobs are read without a watcher", n)
	}
}

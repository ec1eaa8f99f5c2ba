package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// A job is planned, started, followed to its end, listed and undone.
func TestJobs(t *testing.T) {
	s := startFerry(t)
	c := clientAs(t, s, admin)
	ctx := t.Context()
	if offered, err := c.OffersJobs(ctx); err != nil || !offered {
		t.Fatalf("OffersJobs: %t, %v", offered, err)
	}
	to := api.RefTo(kit.FleetUS)
	made, err := c.CreateMigrationJob(ctx, api.JobRequest{TargetWorkspace: &to, Select: &api.JobSelect{SIMs: []api.IDRef{api.RefTo(250)}}, AutoDetachDevices: api.Some(true)})
	if err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	plan, err := c.Job(ctx, made.ID)
	if err != nil || plan.State != client.JobPlanned || plan.ETag == "" || plan.Ended() {
		t.Fatalf("planned: %+v, %v", plan, err)
	}
	if _, err := c.StartJob(ctx, made.ID, plan.ETag); err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	ended := false
	for j, err := range c.WatchJob(ctx, made.ID) {
		if err != nil {
			t.Fatal(err)
		}
		ended = j.State == client.JobCompleted && j.Count(client.VerdictDone) == 1
	}
	if !ended {
		t.Error("the job was not followed to its end")
	}
	for sim, err := range c.AllJobSIMs(ctx, made.ID, client.ListOptions{Filter: "verdict:done"}) {
		if err != nil || sim.ID != kit.AttachedSIM {
			t.Errorf("SIM %+v, %v", sim, err)
		}
	}
	undo, err := c.UndoJob(ctx, made.ID, api.JobUndoRequest{DryRun: api.Some(false)})
	if err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	if back, err := c.Job(ctx, undo.ID); err != nil || back.Count(client.VerdictDone) != 1 {
		t.Errorf("undone: %+v, %v", back, err)
	}
}

// A server of the contract without jobs says so with a 404.
func TestServerWithoutJobs(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	if offered, err := newClient(t, server.URL).OffersJobs(t.Context()); err != nil || offered {
		t.Errorf("OffersJobs: %t, %v", offered, err)
	}
}

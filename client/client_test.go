package client_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestNewRefusesInvalidBaseURLs(t *testing.T) {
	for _, url := range []string{"", "sims.example.com", "ftp://sims.example.com", "http://", "http://me:secret@sims.example.com", "http://sims.example.com/?a=b", "http://%zz"} {
		if _, err := client.New(url); err == nil {
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the password: %v", url, err)
		}
	}
}

func TestRequestsNameTheProgramBelowTheBasePath(t *testing.T) {
	url, s := startScript(t, status(http.StatusOK, `{"id": 7, "name": "x"}`))
	c := newClient(t, url+"/proxy/", client.WithUserAgent("rollout/1.2"), client.WithBearer("abc"))
	if _, err := c.MyWorkspace(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := s.requests()[0]
	if r.URL.Path != "/proxy/api/v1/organisation/my" || r.UserAgent() != "rollout/1.2" || r.Header.Get("Authorization") != "Bearer abc" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
}

// Preview, the real run, and all its effects.
func TestMigrationEndToEnd(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	ask := client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.AttachedSIM, kit.IssuedSIM}, AllowedStatuses: []int64{client.SIMActivated, client.SIMIssued}, DetachDevices: true}
	preview, err := c.Preview(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	if !preview.DryRun || preview.ETag == "" || preview.Location != "" || preview.SIMCount != 2 || preview.SIMs[0].Endpoint.Name != "tracker-7" {
		t.Errorf("preview: %+v", preview)
	}
	if _, ok := preview.LedgerID(); ok {
		t.Error("a preview has a ledger entry")
	}
	key := client.NewIdempotencyKey()
	done, err := c.Migrate(ctx, ask, client.IfMatch(preview.ETag), client.IdempotencyKey(key))
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Migrate(ctx, ask, client.IfMatch(preview.ETag), client.IdempotencyKey(key))
	if err != nil {
		t.Fatal(err)
	}
	if done.Replayed || !again.Replayed || again.Location != done.Location {
		t.Errorf("first %+v, again %+v", done, again)
	}
	if diff := cmp.Diff(done.MigrationResponse, again.MigrationResponse); diff != "" {
		t.Errorf("the replay differs:\n%s", diff)
	}
	id, ok := done.LedgerID()
	if !ok {
		t.Fatalf("no ledger entry in %q", done.Location)
	}
	entry, err := c.Migration(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if entry.SIMCount != 2 || len(entry.SIMs) != 2 || entry.SIMs[0].After.Workspace.ID != kit.FleetFR || entry.SIMs[0].After.Status.ID != client.SIMSuspended {
		t.Errorf("ledger entry: %+v", entry)
	}
	moved, err := c.InWorkspace(kit.FleetFR).SIM(ctx, kit.AttachedSIM)
	if err != nil || moved.CustomerOrg.ID != kit.FleetFR || moved.Endpoint != nil {
		t.Errorf("the SIM: %+v %v", moved, err)
	}
}

func TestSelectorsByICCIDAndRange(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	byNumber, err := c.Preview(ctx, client.MigrationRequest{Target: kit.FleetFR, ICCIDs: []string{kit.ICCID(kit.IssuedSIM)}})
	if err != nil || byNumber.SIMCount != 1 || byNumber.SIMs[0].ID != kit.IssuedSIM {
		t.Errorf("%+v %v", byNumber, err)
	}
	byRange, err := c.Preview(ctx, client.MigrationRequest{Target: kit.FleetFR, Range: &api.ICCIDRange{Start: "8988303000000001000", End: "8988303000000001499"}})
	if err != nil || byRange.SIMCount != 500 {
		t.Errorf("%+v %v", byRange, err)
	}
}

func TestSIMs(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	page, err := c.ListSIMs(ctx, client.ListOptions{Filter: "status:1|2", Sort: "-id", PerPage: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 2 || page.Items[0].ID != kit.SuspendedSIM || page.Page != 1 || page.PerPage != 2 || page.Total != 3 || page.TotalPages != 2 {
		t.Errorf("page: %+v", page)
	}
	if err := c.SetSIMStatus(ctx, kit.IssuedSIM, client.SIMActivated); err != nil {
		t.Fatal(err)
	}
	sim, err := c.SIM(ctx, kit.IssuedSIM)
	if err != nil || sim.Status.ID != client.SIMActivated {
		t.Errorf("%+v %v", sim, err)
	}
	statuses, err := c.SIMStatuses(ctx)
	if err != nil || !slices.Contains(statuses, api.Ref{ID: client.SIMFactoryTest, Description: "Factory Test"}) {
		t.Errorf("%v %v", statuses, err)
	}
}

func TestAllSIMsWalksEveryPage(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	var ids []int64
	for sim, err := range c.AllSIMs(ctx, client.ListOptions{Filter: "iccid:89883030000000010", PerPage: 30}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, sim.ID)
	}
	if len(ids) != 100 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 100 {
		t.Errorf("%d SIMs: %v", len(ids), ids)
	}
	for _, err := range c.AllSIMs(ctx, client.ListOptions{PerPage: 1}) {
		if err != nil {
			t.Error(err)
		}
		break // must not panic
	}
}

func TestEvents(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	if err := c.SetSIMStatus(ctx, kit.IssuedSIM, client.SIMActivated); err != nil {
		t.Fatal(err)
	}
	all, err := c.ListEvents(ctx, client.ListOptions{Filter: "event_type:8"})
	if err != nil || len(all.Items) != 1 || all.Items[0].SIM.ID != kit.IssuedSIM {
		t.Errorf("%+v %v", all, err)
	}
	one, err := c.SIMEvents(ctx, kit.IssuedSIM, client.ListOptions{})
	if err != nil || len(one.Items) != 1 || one.Items[0].User.Username != admin {
		t.Errorf("%+v %v", one, err)
	}
	for event, err := range c.AllSIMEvents(ctx, kit.IssuedSIM, client.ListOptions{}) {
		if err != nil || event.Type.ID != 8 {
			t.Errorf("%+v %v", event, err)
		}
	}
	for event, err := range c.AllEvents(ctx, client.ListOptions{PerPage: 1}) {
		if err != nil || event.ID == 0 {
			t.Errorf("%+v %v", event, err)
		}
	}
	types, err := c.EventTypes(ctx)
	if err != nil || !slices.Contains(types, api.Ref{ID: 69, Description: "SIM migration"}) {
		t.Errorf("%v %v", types, err)
	}
	if none, err := c.SIMEvents(ctx, kit.SIMElsewhere, client.ListOptions{}); err != nil || len(none.Items) != 0 {
		t.Errorf("a foreign SIM: %+v %v", none, err)
	}
}

func TestUserAndWorkspace(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	if ws, err := c.MyWorkspace(ctx); err != nil || ws.ID != 100 || ws.Country.ISOCode != "de" {
		t.Errorf("%+v %v", ws, err)
	}
	for _, ref := range []string{"3", "Observer@example.com"} {
		if u, err := c.User(ctx, ref); err != nil || u.ID != 3 || u.Username != observer {
			t.Errorf("%s: %+v %v", ref, u, err)
		}
	}
	if list, err := c.UserWorkspaces(ctx, "2"); err != nil || len(list) != 2 {
		t.Errorf("%+v %v", list, err)
	}
	if roles, err := c.Roles(ctx); err != nil || !slices.Contains(roles, api.NamedRef{ID: 1, Name: "Administrator"}) {
		t.Errorf("%v %v", roles, err)
	}
	if list, err := c.UserStatuses(ctx); err != nil || len(list) != 3 {
		t.Errorf("%v %v", list, err)
	}
	if list, err := c.WorkspaceStatuses(ctx); err != nil || len(list) != 2 {
		t.Errorf("%v %v", list, err)
	}
}

func TestLedger(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	for _, id := range []int64{kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM} {
		if _, err := c.Migrate(ctx, client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{id}}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := c.Migrations(ctx, client.ListOptions{PerPage: 2})
	if err != nil || len(page.Items) != 2 || page.Total != 3 || page.Items[0].ID < page.Items[1].ID {
		t.Errorf("%+v %v", page, err)
	}
	n := 0
	for entry, err := range c.AllMigrations(ctx, client.ListOptions{PerPage: 2, Sort: "id"}) {
		if err != nil || entry.TargetWorkspace.ID != kit.FleetFR {
			t.Errorf("%+v %v", entry, err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}

func TestHealth(t *testing.T) {
	c := clientFor(t, startFerry(t), client.WithBearer("garbled"))
	if err := c.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

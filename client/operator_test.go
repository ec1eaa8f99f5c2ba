package client_test

import (
	"errors"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

func ptr[T any](v T) *T { return &v }

// One installation, set up from nothing to a user who can sign in and a SIM to move.
func TestOperatorAPI(t *testing.T) {
	t.Parallel()
	ctx, server := t.Context(), kit.Start(t, kit.SQLite)
	listener := server.StartOperatorAPI()
	op, err := client.NewOperator(listener.URL, kit.OperatorToken, client.WithHTTPClient(listener.HTTP))
	if err != nil {
		t.Fatal(err)
	}
	issuer := got(op.CreateWorkspace(ctx, api.OperatorNewWorkspace{Name: ptr("Issuer"), Type: api.Some(api.RefTo(1))}))(t)
	w := got(op.CreateWorkspace(ctx, api.OperatorNewWorkspace{Name: ptr("Fleet"), Parent: api.Some(api.RefTo(issuer.ID)), Country: ptr("DE")}, client.IdempotencyKey("fleet")))(t)
	again := got(op.CreateWorkspace(ctx, api.OperatorNewWorkspace{Name: ptr("Fleet"), Parent: api.Some(api.RefTo(issuer.ID)), Country: ptr("DE")}, client.IdempotencyKey("fleet")))(t)
	if again.ID != w.ID {
		t.Errorf("made twice: %d and %d", w.ID, again.ID)
	}
	u := got(op.CreateUser(ctx, api.OperatorNewUser{
		Username:   ptr("admin@example.com"),
		Workspaces: []api.OperatorNewMembership{{ID: ptr(api.ID(w.ID)), Role: api.Some(api.RefTo(1))}},
	}))(t)
	if err := op.SetPassword(ctx, "admin@example.com", kit.Password); err != nil {
		t.Fatal(err)
	}
	got(op.SetRole(ctx, "admin@example.com", issuer.ID, 3))(t)
	if err := op.RemoveRole(ctx, "1", issuer.ID); err != nil || u.ID != 1 {
		t.Errorf("user %d: %v", u.ID, err)
	}
	if done := got(op.ImportSIMs(ctx, []byte("iccid\n8988303000006738593\n"), w.ID, client.IdempotencyKey("sims")))(t); done.Added != 1 {
		t.Errorf("%+v", done)
	}
	user, err := client.New(server.URL, client.WithHTTPClient(server.HTTP), client.WithPassword("admin@example.com", kit.Password))
	if err != nil {
		t.Fatal(err)
	}
	if is := got(user.ListSIMs(ctx, client.ListOptions{}))(t); is.Total != 1 {
		t.Errorf("%d SIMs", is.Total)
	}
	got(op.ChangeUser(ctx, "1", api.OperatorUserPatch{Name: ptr("Admin")}))(t)
	if is := got(op.User(ctx, "Admin@example.com"))(t); is.Name != "Admin" || is.Status.ID != 1 {
		t.Errorf("%+v", is)
	}
	got(op.CreateApplicationToken(ctx, api.OperatorNewToken{Workspace: api.Some(api.RefTo(w.ID))}))(t)

	if _, err := op.ChangeWorkspace(ctx, w.ID, api.OperatorWorkspacePatch{Country: api.Some("BR")}); !client.IsInUse(err) {
		t.Errorf("%v, want that the SIMs forbid it", err)
	}
	if err := op.UnlockUser(ctx, "1", "203.0.113.7"); err != nil {
		t.Error(err)
	}
	if err := op.UnlockUser(ctx, "1", "nowhere"); !client.IsInvalid(err) {
		t.Errorf("%v, want that it is not an address", err)
	}
	if err := op.ResetSecondFactor(ctx, "1"); !client.IsNotFound(err) {
		t.Errorf("%v, want that there is none", err)
	}
	var refused *client.APIError
	if _, err := op.ImportSIMs(ctx, []byte("iccid\n1\n2\n"), w.ID); !errors.As(err, &refused) || !client.IsInvalid(err) || len(refused.Problems) != 2 {
		t.Errorf("%v, want both lines", err)
	}
	n := 0
	for _, err := range op.Workspaces(ctx, client.ListOptions{PerPage: 1}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	for got, err := range op.Users(ctx, client.ListOptions{Filter: "status:1"}) {
		if n++; err != nil || got.ID != 1 {
			t.Fatal(got, err)
		}
	}
	if n != 3 {
		t.Errorf("%d Workspaces and users", n)
	}
	if is := got(op.Workspace(ctx, w.ID))(t); is.Country != "DE" || is.Parent.ID != issuer.ID {
		t.Errorf("%+v", is)
	}
}

// got unwraps a result, or ends the test.
func got[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

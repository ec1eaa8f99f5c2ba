package client_test

import (
	"testing"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestUsers(t *testing.T) {
	s := startFerry(t)
	c, ctx := clientAs(t, s, admin), t.Context()
	page, err := c.ListUsers(ctx, client.ListOptions{Filter: "username:observer"})
	if err != nil || page.Total != 1 || page.Items[0].Username != "observer@example.com" {
		t.Fatalf("%+v, %v", page, err)
	}
	walked := 0
	for _, err := range c.AllUsers(ctx, client.ListOptions{PerPage: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		walked++
	}
	if walked < 5 {
		t.Errorf("%d users", walked)
	}
	if list, err := c.Permissions(ctx, "my"); err != nil || len(list) < 10 {
		t.Errorf("%v, %v", list, err)
	}
	for i, err := range []error{
		c.RenameUser(ctx, "observer@example.com", "Olga"), c.GiveRole(ctx, "3", kit.FleetDE, 2), c.TakeRole(ctx, "3", kit.FleetDE, 3),
		c.SuspendMember(ctx, "3", kit.FleetDE), c.ActivateMember(ctx, "3", kit.FleetDE), c.SetDefaultWorkspace(ctx, kit.FleetFR),
	} {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	got, err := c.User(ctx, "3")
	if err != nil || got.Name != "Olga" || len(got.Roles) != 1 || got.Roles[0].ID != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := c.RemoveMember(ctx, "3", kit.FleetDE); err != nil {
		t.Error(err)
	}
	if _, err := c.User(ctx, "3"); !client.IsNotFound(err) {
		t.Errorf("after the removal: %v", err)
	}
}

func TestInvitations(t *testing.T) {
	s := startFerry(t)
	c, ctx := clientAs(t, s, admin), t.Context()
	key, err := c.Invite(ctx, client.Invitation{Username: "new@example.com", Name: "New", Workspace: kit.FleetFR, Roles: []int64{2, 3}})
	if err != nil || key != "" {
		t.Fatalf("%q, %v", key, err)
	}
	if err := c.AskPasswordReset(ctx, "observer@example.com"); err != nil {
		t.Error(err)
	}
	for _, next := range []string{"new@example.com", "observer@example.com"} {
		m, found, err := operator.New(s.Control).NextMail(ctx)
		if err != nil || !found || m.Recipient != next {
			t.Fatalf("%+v, %v", m, err)
		}
		if err := c.Activate(ctx, m.Secret, "battery staple", ""); err != nil {
			t.Error(err)
		}
		if err := c.Activate(ctx, m.Secret, "battery staple", "Again"); !client.IsForbidden(err) {
			t.Errorf("a used key: %v", err)
		}
	}
	shown := kit.StartWith(t, s.DB, s.Clock, control.Options{Deliver: control.DeliverToInviter})
	if key, err := clientAs(t, shown, admin).Invite(ctx, client.Invitation{Username: "other@example.com"}); err != nil || len(key) != 43 {
		t.Errorf("%q, %v", key, err)
	}
}

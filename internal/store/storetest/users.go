package storetest

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var userCases = []testCase{
	{"PutAndFind", putAndFindUsers},
	{"PasswordEndsSessions", passwordEndsSessions},
	{"UsernameIsUnique", usernameIsUnique},
	{"Memberships", memberships},
	{"Session", sessions},
}

func (e *env) admin() (u store.UserRecord) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) error {
		var found bool
		var err error
		u, found, err = tx.UserByID(ctx, Admin)
		if !found {
			e.Error("the admin is not found")
		}
		return err
	})
	return u
}

func putAndFindUsers(e *env) {
	e.fleet()
	want := users[0]
	want.Created = start
	e.equal("by id", e.admin(), want)
	e.view(func(ctx context.Context, tx *store.Tx) error {
		got, found, err := tx.UserByName(ctx, "admin@example.com")
		if !found {
			e.Error("not found by name")
		}
		e.equal("by name", got, want)
		if err != nil {
			return err
		}
		if _, found, err = tx.UserByName(ctx, "Admin@example.com"); found || err != nil {
			e.Errorf("found in other case: %v, %v", found, err)
		}
		if _, found, err = tx.UserByID(ctx, 999); found || err != nil {
			e.Errorf("unknown user: %v, %v", found, err)
		}
		all, err := tx.AllUsers(ctx)
		if len(all) != len(users) || all[4].ID != Stranger || !all[3].SuperAdmin {
			e.Errorf("all users: %+v", all)
		}
		return err
	})
}

func passwordEndsSessions(e *env) {
	e.fleet()
	same := users[0]
	same.Name = "Renamed"
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutUser(ctx, same) })
	e.equal("epoch after the same password", e.admin().Epoch, int64(0))
	same.PasswordHash = "h1b"
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutUser(ctx, same) })
	e.equal("epoch after another", e.admin().Epoch, int64(1))
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Rehash(ctx, Admin, "h1b", "h1c") })
	e.equal("epoch after a rehash", e.admin().Epoch, int64(1))
	e.equal("hash after a rehash", e.admin().PasswordHash, "h1c")
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Rehash(ctx, Admin, "h1b", "late") })
	e.equal("hash after a rehash of an earlier password", e.admin().PasswordHash, "h1c")
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetPassword(ctx, Admin, "h1d") })
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SetUserStatus(ctx, Admin, fleet.UserSuspended)
	})
	u := e.admin()
	if u.Epoch != 3 || u.PasswordHash != "h1d" || u.Status != fleet.UserSuspended || u.Name != "Renamed" {
		e.Errorf("in the end %+v", u)
	}
}

func usernameIsUnique(e *env) {
	e.fleet()
	double := users[4]
	double.ID = 6
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error { return tx.PutUser(ctx, double) })
	if fleet.CodeOf(err) != fleet.Duplicated {
		e.Errorf("a second stranger@example.com: %v, want Duplicated", err)
	}
}

func memberships(e *env) {
	e.fleet()
	want := []fleet.Membership{
		{User: Admin, Workspace: workspace(FleetDE), Status: fleet.UserActive, Roles: []fleet.Role{fleet.Administrator, fleet.Member}},
		{User: Admin, Workspace: workspace(FleetAT), Status: fleet.UserActive, Roles: []fleet.Role{fleet.Administrator}},
	}
	e.memberships(Admin, want)
	e.memberships(Stranger, nil)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SetMembership(ctx, Admin, FleetAT, fleet.UserActive, nil); err != nil {
			return err
		}
		return tx.SetMembership(ctx, Admin, FleetDE, fleet.UserSuspended, []fleet.Role{fleet.Observer})
	})
	want = want[:1]
	want[0].Status, want[0].Roles = fleet.UserSuspended, []fleet.Role{fleet.Observer}
	e.memberships(Admin, want)
}

func (e *env) memberships(user fleet.UserID, want []fleet.Membership) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.Memberships(ctx, user)
		e.equal("memberships", got, want)
		return err
	})
}

func sessions(e *env) {
	e.fleet()
	for user, role := range map[fleet.UserID]fleet.Role{
		Admin: fleet.Administrator, Observer: fleet.Observer, SuspendedUser: fleet.NoRole, Super: fleet.SuperAdmin, Stranger: fleet.NoRole,
	} {
		e.view(func(ctx context.Context, tx *store.Tx) error {
			s, found, err := tx.UserSession(ctx, user, FleetDE)
			if !found || s.Role != role || s.User.ID != user {
				e.Errorf("session of user %d: found %v, role %v of user %d", user, found, s.Role, s.User.ID)
			}
			e.equal("its Workspace", s.Workspace, workspace(FleetDE))
			return err
		})
	}
	e.view(func(ctx context.Context, tx *store.Tx) error {
		if _, found, err := tx.UserSession(ctx, Super, nowhere); found || err != nil {
			e.Errorf("a session nowhere: %v, %v", found, err)
		}
		_, found, err := tx.UserSession(ctx, 999, FleetDE)
		if found {
			e.Error("a session without a user")
		}
		return err
	})
}

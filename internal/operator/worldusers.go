package operator

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// hashPasswords returns the hash to store for each user with a password. It keeps the stored
// hash if that still matches. It runs outside the transaction, because each hash takes tens of
// milliseconds, and SQLite has one writer at a time.
func (o Operator) hashPasswords(ctx context.Context, users []world.User) (map[fleet.UserID]string, error) {
	hashes := make(map[fleet.UserID]string)
	for _, u := range users {
		if u.Password == "" {
			continue
		}
		var old store.UserRecord
		err := o.store.Read(ctx, func(tx *store.Tx) (err error) {
			old, _, err = tx.UserByID(ctx, u.ID)
			return err
		})
		if err == nil {
			hashes[u.ID], err = o.hashUnlessFits(ctx, old.PasswordHash, identity.WireDigest(u.Password))
		}
		if err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

func (o Operator) hashUnlessFits(ctx context.Context, stored, digest string) (string, error) {
	if stored != "" {
		if fits, _, err := o.c.Hasher().Verify(ctx, stored, digest); err != nil || fits {
			return stored, err
		}
	}
	return o.c.Hasher().Hash(ctx, digest)
}

func (a *worldRun) applyUsers(ctx context.Context) error {
	for _, u := range a.world.Users {
		place := fmt.Sprintf("user %d", u.ID)
		for _, ws := range slices.Sorted(maps.Keys(u.Roles)) {
			a.missing(place, "roles", ws)
		}
		a.missing(place, "default_workspace", u.DefaultWorkspace)
		holder, found, err := a.tx.UserByName(ctx, u.Username)
		if err != nil {
			return err
		}
		if found && holder.ID != u.ID {
			a.problems.Add(fleet.Duplicated, "%s: username: %s already belongs to user %d: choose another", place, u.Username, holder.ID)
		}
		if err := a.applyUser(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func (a *worldRun) applyUser(ctx context.Context, u world.User) error {
	old, there, err := a.tx.UserByID(ctx, u.ID)
	if err != nil {
		return err
	}
	want := store.UserRecord{User: u.User, SuperAdmin: u.SuperAdmin, Epoch: old.Epoch}
	want.Created, want.PasswordHash = old.Created, old.PasswordHash
	if u.Password != "" {
		want.PasswordHash = a.hashes[u.ID]
	}
	memberships, err := a.tx.Memberships(ctx, u.ID)
	if err != nil {
		return err
	}
	differ := changedMemberships(memberships, u.Roles)
	if !a.done.Users.count(there, old == want && len(differ) == 0) || !a.clean() {
		return nil
	}
	if err := a.tx.PutUser(ctx, want); err != nil {
		return err
	}
	for _, m := range differ {
		if err := a.tx.SetMembership(ctx, u.ID, m.Workspace.ID, m.Status, m.Roles); err != nil {
			return err
		}
	}
	return nil
}

// changedMemberships returns the memberships to write. A suspended membership stays suspended.
func changedMemberships(old []fleet.Membership, roles map[fleet.WorkspaceID]fleet.Role) []fleet.Membership {
	var list []fleet.Membership
	for _, id := range slices.Sorted(maps.Keys(roles)) {
		m := fleet.Membership{Workspace: fleet.Workspace{ID: id}, Status: fleet.UserActive}
		for _, is := range old {
			if is.Workspace.ID == id {
				m = is
			}
		}
		want := []fleet.Role{roles[id]}
		if !slices.Equal(m.Roles, want) {
			m.Roles = want
			list = append(list, m)
		}
	}
	return list
}

package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// InviteAgain sends the invitation of a member who has not joined yet once more, with a new
// activation key, or returns the key to the inviter. The roles stay. It counts as an invitation,
// and writes event 36 in the Workspace.
//
// Permission: ManageMembers, as Administrator of the Workspace. Errors: NotFound, if the user is
// not a member; NotAllowed for a member who has joined or is suspended, and if invitations are
// disabled; TooManyRequests; those of once.
func (c *Control) InviteAgain(ctx context.Context, caller identity.Principal, of MemberOf, w Write[Invited]) (Reply, error) {
	if err := caller.Require(identity.ManageMembers); err != nil {
		return Reply{}, err
	}
	if c.deliver == DeliverNot {
		return Reply{}, errNotDelivered
	}
	g := guard{need: identity.ManageMembers}
	g.lock = func(ctx context.Context, tx *store.Tx) error { return tx.LockMembers(ctx, of.Workspace) }
	g.replay = func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		return administers(ctx, tx, caller, of.Workspace)
	}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (done result[Invited], err error) {
		m, err := findManaged(ctx, tx, caller, of)
		if err != nil {
			return done, err
		}
		if done.value, err = c.inviteAgain(ctx, tx, caller, m); done.value.Key != "" {
			done.again = errKeyShown
		}
		return done, err
	})
}

func (c *Control) inviteAgain(ctx context.Context, tx *store.Tx, caller identity.Principal, m managed) (Invited, error) {
	if !m.Invited || m.Status != fleet.UserActive {
		return Invited{}, fleet.Errorf(fleet.NotAllowed, "%s has joined the Workspace already, or is suspended: there is no invitation to send", m.user.Username)
	}
	ws, err := inviting(ctx, tx, caller, m.Workspace.ID)
	if err != nil {
		return Invited{}, err
	}
	shown, _, err := tx.Member(ctx, m.user.ID, ws.ID)
	if err != nil {
		return Invited{}, err
	}
	n := Invitation{Username: m.user.Username, Name: shown.Name, Workspace: ws.ID, Roles: m.Roles}
	own, err := ownInvitee(ctx, tx, m.user)
	if err != nil {
		return Invited{}, err
	}
	if c.deliver == DeliverToInviter { // only the newest key works
		if err := tx.DeleteShownKeys(ctx, m.user.ID); err != nil {
			return Invited{}, err
		}
	}
	return c.deliverInvitation(ctx, tx, caller, m.user, own, ws, n)
}

// ownInvitee reports whether an account belongs to the Workspace that invites to it: its user has
// never signed in, and is in no other Workspace.
func ownInvitee(ctx context.Context, tx *store.Tx, user store.UserRecord) (bool, error) {
	all, err := tx.Memberships(ctx, user.ID)
	return user.Status == fleet.UserActivationPending && len(all) == 1, err
}

package control

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Delivery says how activation keys reach users.
type Delivery string

// Values of Delivery.
const (
	DeliverNot       Delivery = ""        // invitations are disabled
	DeliverByMail    Delivery = "mail"    // to the address, which proves that the user owns it
	DeliverToInviter Delivery = "inviter" // the inviter passes it on, which proves nothing about the address
)

const (
	invitationTTL      = 7 * 24 * time.Hour
	invitationsPerHour = 100
)

// Invitation names the user to invite, the Workspace and the roles.
type Invitation struct {
	Username  string
	Name      string            // Username if empty
	Workspace fleet.WorkspaceID // the caller's if 0
	Roles     []fleet.Role      // Observer if empty
}

// Invited is the result of an invitation.
type Invited struct {
	User      fleet.UserID
	Username  string
	Name      string // as given by the inviter
	Workspace fleet.WorkspaceID
	Roles     []fleet.Role
	Key       string // set if the inviter passes it on, else ""
}

var (
	errNotDelivered = fleet.Errorf(fleet.NotAllowed, "Invitations are disabled: the operator must set smtp_url, or activation_key to inviter")
	errKeyShown     = fleet.Errorf(fleet.Duplicated,
		"The invitation was already created with this Idempotency-Key; its activation key was shown then and is not stored; if you do not have it, invite the person again with another key")
)

// Invite adds a user to a Workspace, and sends a mail, or returns the key to the inviter. A new
// user gets an account with the activation key. An existing user keeps the account and joins
// the Workspace by switching to it. The response is the same for both. Invite writes event 36
// in the Workspace.
//
// Permission: ManageMembers, as Administrator of the Workspace. Errors: BadRequest that names
// the field; Forbidden for any other Workspace, known or not; NotAllowed for SuperAdmin, and if
// invitations are disabled; Duplicated for a member; TooManyRequests; those of once.
func (c *Control) Invite(ctx context.Context, caller identity.Principal, n Invitation, w Write[Invited]) (Reply, error) {
	if err := caller.Require(identity.ManageMembers); err != nil {
		return Reply{}, err
	}
	n, err := n.checked(caller)
	if err != nil {
		return Reply{}, err
	}
	if c.deliver == DeliverNot {
		return Reply{}, errNotDelivered
	}
	g := guard{need: identity.ManageMembers}
	g.lock = func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockMembers(ctx, n.Workspace); err != nil {
			return err
		}
		return tx.Hold(ctx, store.Users)
	}
	g.replay = func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		return mayInvite(ctx, tx, caller, n.Workspace)
	}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (done result[Invited], err error) {
		done.value, err = c.invite(ctx, tx, caller, n)
		if done.value.Key != "" {
			done.again = errKeyShown
		}
		return done, err
	})
}

func (n Invitation) checked(caller identity.Principal) (Invitation, error) {
	var err error
	if n.Username, err = ParseUsername(n.Username); err != nil {
		return n, err
	}
	if len(n.Username) > maxMailAddress {
		return n, fleet.Invalid("username", "must have at most %d bytes", maxMailAddress)
	}
	n.Name = cmp.Or(n.Name, n.Username)
	if err := checkPersonName(n.Name); err != nil {
		return n, err
	}
	n.Workspace = cmp.Or(n.Workspace, caller.Workspace)
	if len(n.Roles) == 0 {
		n.Roles = []fleet.Role{fleet.Observer}
	}
	for _, r := range n.Roles {
		switch r {
		case fleet.Administrator, fleet.Member, fleet.Observer:
		case fleet.SuperAdmin:
			return n, checkGrantable(r)
		default:
			return n, fleet.Invalid("roles", "there is no role %d: use one that GET /api/v1/user/role lists", r)
		}
	}
	slices.Sort(n.Roles)
	n.Roles = slices.Compact(n.Roles)
	return n, nil
}

// maxMailAddress is the longest address that mail can be sent to, in bytes (RFC 5321).
const maxMailAddress = 254

func (c *Control) invite(ctx context.Context, tx *store.Tx, caller identity.Principal, n Invitation) (Invited, error) {
	ws, err := inviting(ctx, tx, caller, n.Workspace)
	if err != nil {
		return Invited{}, err
	}
	user, created, err := invitee(ctx, tx, n)
	if err != nil {
		return Invited{}, err
	}
	if err := tx.SetMembership(ctx, user.ID, ws.ID, fleet.UserActive, n.Roles); err != nil {
		return Invited{}, err
	}
	if err := tx.MarkInvited(ctx, user.ID, ws.ID, n.Name); err != nil {
		return Invited{}, err
	}
	return c.deliverInvitation(ctx, tx, caller, user, created, ws, n)
}

// deliverInvitation sends or returns the activation key, and records the invitation.
func (c *Control) deliverInvitation(ctx context.Context, tx *store.Tx, caller identity.Principal, user store.UserRecord, created bool, ws fleet.Workspace, n Invitation) (done Invited, err error) {
	done = Invited{User: user.ID, Username: n.Username, Name: n.Name, Workspace: ws.ID, Roles: n.Roles}
	if done.Key, err = c.handOver(ctx, tx, caller, user, created, ws, n); err != nil {
		return Invited{}, err
	}
	err = tx.InsertEvent(ctx, fleet.Event{
		Type: fleet.EventUserInvited, Workspace: ws.ID, User: caller.User, Description: "User " + n.Username + " invited",
	})
	if err != nil {
		return Invited{}, err
	}
	return done, audit(ctx, tx, caller, fleet.AuditEntry{
		Action: fleet.AuditUserInvited, Workspaces: []fleet.WorkspaceID{ws.ID}, Subject: fleet.Subject("user", user.ID),
		Detail: fleet.AuditDetail{Role: fleet.Best(n.Roles).String()},
	})
}

// mayInvite requires that the caller administers a Workspace. The error is the same for an
// unknown Workspace.
func mayInvite(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.WorkspaceID) error {
	err := administers(ctx, tx, caller, id)
	if code := fleet.CodeOf(err); code == fleet.NotFound || code == fleet.Forbidden {
		err = fleet.Errorf(fleet.Forbidden, "Only an Administrator of the Workspace can invite users to it")
	}
	return err
}

// inviting counts an invitation to a Workspace, if the caller may invite there.
func inviting(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.WorkspaceID) (ws fleet.Workspace, err error) {
	if err := mayInvite(ctx, tx, caller, id); err != nil {
		return ws, err
	}
	count, err := invitationsTo(id).Add(ctx, tx, time.Hour)
	if err == nil && count.Count > invitationsPerHour {
		err = TooMany("Too many invitations to this Workspace", count.Expires.Sub(tx.Now()))
	}
	if err != nil {
		return ws, err
	}
	found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{id})
	return found[id], err
}

// invitee returns the user with the address, or creates one who cannot sign in yet. The caller
// holds the lock on the table of users.
func invitee(ctx context.Context, tx *store.Tx, n Invitation) (user store.UserRecord, created bool, err error) {
	user, found, err := tx.UserByName(ctx, n.Username)
	if err != nil {
		return user, false, err
	}
	if !found {
		id, err := tx.NextID(ctx, store.Users)
		user.User = fleet.User{
			ID: fleet.UserID(id), Username: n.Username, Name: n.Name, Status: fleet.UserActivationPending, DefaultWorkspace: n.Workspace,
		}
		if err != nil {
			return user, false, err
		}
		return user, true, tx.InsertUser(ctx, user)
	}
	m, member, err := membership(ctx, tx, user.ID, n.Workspace)
	switch {
	case err != nil:
		return user, false, err
	case member:
		return user, false, fleet.Errorf(fleet.Duplicated, "username: %s is already a user of this Workspace", n.Username)
	case m.user.ID == 0: // deleted since it was read
		return user, false, store.ErrRaced
	}
	return m.user, false, nil
}

// noEpoch is an epoch that no user has: a key with it sets no password.
const noEpoch = -1

// handOver makes the activation key and sends or returns it. A key that the inviter sees must
// not open an account of another inviter: such a key is accepted and does nothing.
func (c *Control) handOver(ctx context.Context, tx *store.Tx, caller identity.Principal, user store.UserRecord, created bool, ws fleet.Workspace, n Invitation) (string, error) {
	secret, hash := identity.NewSecret()
	shown := c.deliver == DeliverToInviter
	key := store.ActivationKey{
		Hash: hash, Kind: store.KeyInvitation, User: user.ID, Workspace: ws.ID, Epoch: user.Epoch, Shown: shown, Expires: tx.Now().Add(invitationTTL),
	}
	if shown && !created {
		key.Epoch = noEpoch
		if err := tx.DeleteShownKeys(ctx, user.ID); err != nil {
			return "", err
		}
	}
	if err := tx.InsertActivationKey(ctx, key); err != nil || shown {
		return secret, err
	}
	mail := fleet.Mail{
		UID: uuid.NewString(), Kind: fleet.MailAdded, Recipient: user.Username, Name: n.Name, Workspace: ws.Name, Sender: caller.Username, Expires: key.Expires,
	}
	if user.Status == fleet.UserActivationPending {
		mail.Kind, mail.Secret = fleet.MailInvitation, secret
	}
	return "", tx.InsertMail(ctx, mail)
}

package identity

import (
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// Origin is where a request came from: what the audit log keeps of it.
type Origin struct {
	Address   netip.Addr // of the client; the zero Addr where there is none
	RequestID string     // as in X-Request-Id
}

// Principal is who asks, as established for one request: a user, or an application
// token, acting in one Workspace. The zero value is nobody and may do nothing.
type Principal struct {
	User          fleet.UserID // 0 for an application token
	Username      string
	Token         fleet.TokenID // the application token, 0 for user credentials
	Workspace     fleet.WorkspaceID
	WorkspaceName string
	Role          fleet.Role // in Workspace; NoRole where no member
	SuperAdmin    bool       // Administrator everywhere
	Enrolling     bool       // must add a second factor before anything else: has WriteOwn only
	Epoch         int64      // of user credentials: of the user's sessions, as the bearer has it
	Key           string     // that signed the bearer
	Expires       time.Time  // of the bearer
	Session       string     // of user credentials: which sign-in it is; "" for a bearer of an earlier version
	Origin        Origin     // of this request
}

// UserCredentials tells whether a person signed in, as opposed to an application token.
func (p Principal) UserCredentials() bool { return p.User != 0 && p.Token == 0 }

// May tells whether the Principal has the permission in its Workspace. Everybody, even
// nobody, has Public.
func (p Principal) May(need Permission) bool {
	switch {
	case need == Public:
		return true
	case p.Token != 0:
		return TokenMay(need)
	case p.Enrolling && need != WriteOwn:
		return false
	case p.User != 0:
		return RoleMay(p.role(), need)
	}
	return false
}

// Require is May as an error: fleet.Forbidden (1104) that names the permission needed.
func (p Principal) Require(need Permission) error {
	switch {
	case p.May(need):
		return nil
	case p.Enrolling:
		return fleet.Errorf(fleet.Forbidden, "A second factor is required here first: POST /api/v1/user/mfa makes one, PATCH /api/v1/user/mfa/{key_id} activates it")
	case p.Token != 0:
		return fleet.Errorf(fleet.Forbidden, "An application token does not have the permission %s; sign in as a user", need)
	default:
		return fleet.Errorf(fleet.Forbidden, "The permission %s is needed and the role %s in this Workspace does not give it", need, roleName(p.role()))
	}
}

// role is the one that counts in the Workspace.
func (p Principal) role() fleet.Role {
	if p.SuperAdmin {
		return fleet.SuperAdmin
	}
	return p.Role
}

func roleName(r fleet.Role) string {
	if r == fleet.NoRole {
		return "of a stranger"
	}
	return r.String()
}

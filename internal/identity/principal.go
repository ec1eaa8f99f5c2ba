package identity

import (
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// Origin is the origin of a request, for the audit log and the list of sessions.
type Origin struct {
	Address   netip.Addr // of the client; the zero Addr if unknown
	RequestID string     // as in X-Request-Id
	Agent     string     // as in User-Agent, "" if unknown
}

// Principal is the authenticated caller of one request: a user, or an application token, in one
// Workspace. The zero value is an anonymous caller, who may do nothing.
type Principal struct {
	User          fleet.UserID // 0 for an application token
	Username      string
	Token         fleet.TokenID // 0 for a user
	Workspace     fleet.WorkspaceID
	WorkspaceName string
	Role          fleet.Role // in Workspace; NoRole if not a member
	SuperAdmin    bool       // Administrator everywhere
	Enrolling     bool       // must add a second factor before anything else: has WriteOwn only
	Epoch         int64      // epoch of the user's sessions, from the bearer; 0 for an application token
	Key           string     // ID of the key that signed the bearer
	Expires       time.Time  // of the bearer
	Session       string     // ID of the user's session; "" for a bearer of an earlier version
	Origin        Origin     // of this request
}

// UserCredentials reports whether the caller is a user, not an application token.
func (p Principal) UserCredentials() bool { return p.User != 0 && p.Token == 0 }

// May reports whether the Principal has the permission in its Workspace. Every caller has
// Public, even an anonymous one.
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

// Require returns fleet.Forbidden (1104), which names the permission, unless May allows it.
func (p Principal) Require(need Permission) error {
	switch {
	case p.May(need):
		return nil
	case p.Enrolling:
		return fleet.Errorf(fleet.Forbidden, "A second factor is required: add one with POST /api/v1/user/mfa and activate it with PATCH /api/v1/user/mfa/{key_id}")
	case p.Token != 0:
		return fleet.Errorf(fleet.Forbidden, "An application token does not have the permission %s; sign in as a user", need)
	default:
		return fleet.Errorf(fleet.Forbidden, "The permission %s is required, and the role %s in this Workspace does not have it", need, roleName(p.role()))
	}
}

// role returns the effective role in the Workspace.
func (p Principal) role() fleet.Role {
	if p.SuperAdmin {
		return fleet.SuperAdmin
	}
	return p.Role
}

func roleName(r fleet.Role) string {
	if r == fleet.NoRole {
		return "none"
	}
	return r.String()
}

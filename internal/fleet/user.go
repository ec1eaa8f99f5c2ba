package fleet

import "time"

// Role is what a user may do in one Workspace.
type Role int8

// The roles. SuperAdmin is Administrator in all Workspaces and can only be granted by the
// operator.
const (
	NoRole        Role = 0
	Administrator Role = 1
	Member        Role = 2 // "User" in the API
	Observer      Role = 3
	SuperAdmin    Role = 4
)

// Roles lists every role with its wire name, by id.
var Roles = []Named[Role]{
	{ID: Administrator, Name: "Administrator"},
	{ID: Member, Name: "User"},
	{ID: Observer, Name: "Observer"},
	{ID: SuperAdmin, Name: "SuperAdmin"},
}

func (r Role) String() string { return NameOf(Roles, r) }

// Administers reports whether the role may migrate SIMs and manage users and tokens.
func (r Role) Administers() bool { return r == Administrator || r == SuperAdmin }

// Writes reports whether the role may change SIMs.
func (r Role) Writes() bool { return r.Administers() || r == Member }

// UserStatus says whether a user may sign in.
type UserStatus int8

// The statuses of a user, also of a user's membership in one Workspace.
const (
	UserActivationPending UserStatus = 0
	UserActive            UserStatus = 1
	UserSuspended         UserStatus = 2
)

// UserStatuses lists every status with its wire name, by id.
var UserStatuses = []Named[UserStatus]{
	{ID: UserActivationPending, Name: "Activation Pending"},
	{ID: UserActive, Name: "Active"},
	{ID: UserSuspended, Name: "Suspended"},
}

func (s UserStatus) String() string { return NameOf(UserStatuses, s) }

// User is a user account. PasswordHash never leaves the process.
type User struct {
	ID               UserID
	Username         string // an e-mail address, lower case
	Name             string
	Status           UserStatus
	DefaultWorkspace WorkspaceID
	PasswordHash     string
	Created          time.Time
}

// Membership is a user's roles and status in one Workspace.
type Membership struct {
	User      UserID
	Workspace Workspace
	Status    UserStatus // UserActive or UserSuspended, in this Workspace only
	Invited   bool       // the user has not entered the Workspace yet
	Roles     []Role     // ascending, at least one
}

// Best returns the role with the most permissions, NoRole if there is no other.
func Best(roles []Role) Role {
	best := NoRole
	for _, r := range roles {
		switch {
		case r == NoRole || best == SuperAdmin:
		case best == NoRole || r == SuperAdmin || r < best:
			best = r
		}
	}
	return best
}

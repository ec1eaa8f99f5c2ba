package outbox

import (
	"fmt"
	"strings"
)

// The world: Workspaces to invite to, because each allows a hundred invitations an hour; users
// who may invite, one without, and users who forget their passwords.
const (
	spaces        = 12
	firstSpace    = 100
	inviters      = 3
	resetUsers    = 6
	resetsPerUser = 3 // an hour; beyond it nothing is sent
	password      = "correct horse"
	observer      = "observer@example.com"
)

func space(n int) (id int64, name string) {
	return int64(firstSpace + n), fmt.Sprint("Fleet ", firstSpace+n)
}
func inviter(n int) string   { return fmt.Sprintf("inviter%d@example.com", n) }
func resetUser(n int) string { return fmt.Sprintf("forgetful%d@example.com", n) }

func world() string {
	var b strings.Builder
	b.WriteString("workspaces:\n")
	roles := make([]string, spaces)
	for i := range spaces {
		id, name := space(i)
		fmt.Fprintf(&b, "  - {id: %d, name: %s, type: enterprise, country: DE}\n", id, name)
		roles[i] = fmt.Sprintf("%d: administrator", id)
	}
	b.WriteString("users:\n")
	user := func(id int, name, roles string) {
		fmt.Fprintf(&b, "  - {id: %d, username: %s, name: Some User, password: %s, default_workspace: %d, roles: {%s}}\n",
			id, name, password, firstSpace, roles)
	}
	for i := range inviters {
		user(1+i, inviter(i), strings.Join(roles, ", "))
	}
	user(inviters+1, observer, fmt.Sprintf("%d: observer", firstSpace))
	for i := range resetUsers {
		user(inviters+2+i, resetUser(i), fmt.Sprintf("%d: observer", firstSpace))
	}
	return b.String()
}

package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

type userJSON struct {
	ID               fleet.UserID      `json:"id"`
	Username         string            `json:"username"`
	Name             string            `json:"name"`
	Status           string            `json:"status"`
	SuperAdmin       bool              `json:"superadmin"`
	DefaultWorkspace fleet.WorkspaceID `json:"default_workspace,omitempty"`
	Roles            []membershipJSON  `json:"roles"`
	Created          time.Time         `json:"created"`
}

type membershipJSON struct {
	Workspace fleet.WorkspaceID `json:"workspace"`
	Name      string            `json:"workspace_name"`
	Roles     []string          `json:"roles"`
	Suspended bool              `json:"suspended,omitempty"`
}

func (m membershipJSON) String() string {
	text := fmt.Sprintf("%d=%s", m.Workspace, strings.Join(m.Roles, "+"))
	if m.Suspended {
		text += " (suspended)"
	}
	return text
}

func userView(u operator.UserListing) userJSON {
	v := userJSON{
		ID: u.ID, Username: u.Username, Name: u.Name, Status: word(fleet.UserStatuses, u.Status), SuperAdmin: u.SuperAdmin,
		DefaultWorkspace: u.DefaultWorkspace, Roles: make([]membershipJSON, len(u.Memberships)), Created: u.Created,
	}
	for i, m := range u.Memberships {
		v.Roles[i] = membershipJSON{Workspace: m.Workspace.ID, Name: m.Workspace.Name, Suspended: m.Status == fleet.UserSuspended}
		for _, r := range m.Roles {
			v.Roles[i].Roles = append(v.Roles[i].Roles, word(fleet.Roles, r))
		}
	}
	return v
}

func userAnswer(all []operator.UserListing) answer {
	a := answer{header: table.Row{"id", "username", "name", "status", "default", "roles", "created"}}
	views := make([]userJSON, len(all))
	for i, u := range all {
		v := userView(u)
		views[i] = v
		a.rows = append(a.rows, table.Row{v.ID, v.Username, v.Name, v.Status, orDash(v.DefaultWorkspace), orDash(v.allRoles()), date(v.Created)})
	}
	a.value = views
	return a
}

func (v userJSON) allRoles() string {
	var texts []string
	if v.SuperAdmin {
		texts = append(texts, "superadmin")
	}
	for _, m := range v.Roles {
		texts = append(texts, m.String())
	}
	return strings.Join(texts, ", ")
}

// parseRole reads WORKSPACE=ROLE; the Workspace is an id or a name.
func parseRole(s string) (workspace string, role fleet.Role, err error) {
	at := strings.LastIndex(s, "=")
	if at < 1 {
		return "", 0, errors.New("must be WORKSPACE=ROLE, such as 100=administrator")
	}
	role, ok := fleet.ByKeyword(fleet.Roles, s[at+1:])
	if !ok || role == fleet.SuperAdmin {
		return "", 0, errors.New("the role must be administrator, user or observer")
	}
	return s[:at], role, nil
}

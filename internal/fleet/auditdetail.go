package fleet

import "encoding/json"

// AuditDetail holds further facts of an entry. The set of fields is closed, and no field takes
// text that a caller chose, so that no secret is recorded by accident.
type AuditDetail struct {
	Mode          string      `json:"mode,omitempty"`       // of a sign-in: password, code, refresh_token, application_token
	Operation     string      `json:"operation,omitempty"`  // of a refused request: its method and route
	SIMs          int         `json:"sims,omitempty"`       // number of SIMs concerned
	Devices       int         `json:"devices,omitempty"`    // see above
	Users         int         `json:"users,omitempty"`      // see above
	Spaces        int         `json:"workspaces,omitempty"` // see above
	Target        WorkspaceID `json:"target_workspace,omitempty"`
	Role          string      `json:"role,omitempty"`           // that was granted or revoked
	Status        string      `json:"status,omitempty"`         // the new status
	OperatorToken string      `json:"operator_token,omitempty"` // of the operator API: the token's name in the operator's file
	Others        int         `json:"others,omitempty"`         // counted like SIMs: profiles and models
	Everywhere    bool        `json:"everywhere,omitempty"`     // all sessions ended
	LeftOut       int         `json:"left_out,omitempty"`       // how many denials were counted but not recorded
}

// Text returns the detail as it is stored: JSON, or "" if it is empty.
func (d AuditDetail) Text() string {
	if d == (AuditDetail{}) {
		return ""
	}
	text, _ := json.Marshal(d) //nolint:errchkjson // numbers and strings only: cannot fail
	return string(text)
}

// ParseAuditDetail parses the result of Text.
func ParseAuditDetail(text string) (d AuditDetail, err error) {
	if text == "" {
		return d, nil
	}
	err = json.Unmarshal([]byte(text), &d)
	return d, err
}

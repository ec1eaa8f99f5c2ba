package fleet

import "encoding/json"

// AuditDetail is what else an entry tells. The set of fields is closed, and none of them
// takes a text that a caller chose: no secret gets in by accident.
type AuditDetail struct {
	Mode          string      `json:"mode,omitempty"`       // of a sign-in: password, code, refresh_token, application_token
	Operation     string      `json:"operation,omitempty"`  // of a refused request: its method and route
	SIMs          int         `json:"sims,omitempty"`       // how many it was about
	Devices       int         `json:"devices,omitempty"`    // likewise
	Users         int         `json:"users,omitempty"`      // likewise
	Spaces        int         `json:"workspaces,omitempty"` // likewise
	Target        WorkspaceID `json:"target_workspace,omitempty"`
	Role          string      `json:"role,omitempty"`           // that was given or taken
	Status        string      `json:"status,omitempty"`         // that something has now
	OperatorToken string      `json:"operator_token,omitempty"` // of the operator API: its name in the operator's file
	Others        int         `json:"others,omitempty"`         // counted like SIMs: profiles and models
	Everywhere    bool        `json:"everywhere,omitempty"`     // all sessions ended
	LeftOut       int         `json:"left_out,omitempty"`       // how many refusals were only counted
}

// Text returns the detail as it is stored: JSON, "" if there is nothing to tell.
func (d AuditDetail) Text() string {
	if d == (AuditDetail{}) {
		return ""
	}
	text, _ := json.Marshal(d) //nolint:errchkjson // numbers and strings only: cannot fail
	return string(text)
}

// ParseAuditDetail returns the inverse of Text.
func ParseAuditDetail(text string) (d AuditDetail, err error) {
	if text == "" {
		return d, nil
	}
	err = json.Unmarshal([]byte(text), &d)
	return d, err
}

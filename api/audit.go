package api

import "encoding/json"

// AuditEntry records an action in a Workspace, or a denied one, and its caller.
type AuditEntry struct {
	ID               int64           `json:"id"`
	Timestamp        EventTime       `json:"timestamp"`
	Actor            Ref             `json:"actor"`
	User             *NamedRef       `json:"user,omitempty"` // by user name
	ApplicationToken *IDOnly         `json:"application_token,omitempty"`
	Address          string          `json:"address,omitempty"`
	RequestID        string          `json:"request_id,omitempty"`
	Action           string          `json:"action"`
	Outcome          string          `json:"outcome"`              // done or refused
	ErrorCode        int64           `json:"error_code,omitempty"` // of a refusal
	Subject          *AuditSubject   `json:"subject,omitempty"`
	Migration        *IDOnly         `json:"migration,omitempty"`
	Detail           json.RawMessage `json:"detail,omitempty"`
	Link             *AuditLink      `json:"link,omitempty"` // absent until the entry is chained
}

// AuditSubject is the resource that an entry is about.
type AuditSubject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// AuditLink is the place of an entry in the chain, and its hash.
type AuditLink struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"` // SHA-256, in hexadecimal
}

// IDOnly refers to something by its id.
type IDOnly struct {
	ID int64 `json:"id"`
}

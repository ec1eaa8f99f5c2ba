package bulk

import (
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// Terms are everything a migration specifies except its SIMs.
type Terms struct {
	Target          api.NamedRef `json:"target"`
	AllowedStatuses []int64      `json:"allowed_statuses,omitempty"`
	DetachDevices   bool         `json:"detach_devices"`
	Reference       string       `json:"reference,omitempty"` // only for Simferry, like Reason
	Reason          string       `json:"reason,omitempty"`
}

// Plan is what a run will do: the chunks, each accepted by a preview, and the SIMs that may not
// move.
type Plan struct {
	Version       int          `json:"version"`
	Created       time.Time    `json:"created"`
	Server        string       `json:"server"`
	Terms         Terms        `json:"terms"`
	Chunks        []Chunk      `json:"chunks"`
	AlreadyThere  []SIM        `json:"already_there,omitempty"`
	Blocked       []BlockedSIM `json:"held,omitempty"`
	TargetReasons []Reason     `json:"against_target,omitempty"` // reasons why no SIM may move
	Duplicates    []string     `json:"duplicates,omitempty"`     // descriptions of SIMs that were named more than once
	Sum           string       `json:"sum,omitempty"`            // SHA-256 of the rest of a file, so that an edit is noticed
	From          *Source      `json:"from,omitempty"`           // of the SIMs that were selected by a filter; nil without
	LeftOut       []SIM        `json:"left,omitempty"`           // had left their Workspace From, or changed, before the dry run
}

// Source is a filter and the Workspace whose SIMs it selects.
type Source struct {
	Filter    string       `json:"filter"`
	Workspace api.NamedRef `json:"workspace"`
}

// PlanVersion is the version of the file format.
const PlanVersion = 1

// By is how a request names its SIMs.
type By string

// The ways to name SIMs.
const (
	ByID    By = "sims"
	ByICCID By = "iccids"
)

// Chunk is one request.
type Chunk struct {
	By   By     `json:"by"`
	SIMs []SIM  `json:"sims"`
	ETag string `json:"etag,omitempty"` // of its preview; "" if the server has none
}

// SIM is one card as the preview showed it. One that was not found has only its id or ICCID.
type SIM struct {
	ID     int64         `json:"id,omitempty"`
	ICCID  string        `json:"iccid,omitempty"`
	Status api.Ref       `json:"status"`
	Device *api.NamedRef `json:"device,omitempty"`
	Source api.NamedRef  `json:"source"`
	Where  string        `json:"where,omitempty"` // such as sims.csv:12
	From   int64         `json:"from,omitempty"`  // the only Workspace that it may be taken from; 0 for any
}

// Reason is why a SIM, or every SIM, may not move. Code is the contract's, 1502 to 1509, or one
// of the CLI's.
type Reason struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The CLI's reasons.
const (
	NotFound = 404 // unknown, deleted, or in a Workspace of which the caller is not a member
	Changed  = 412 // not as it was planned
)

// BlockedSIM is a SIM that may not move, and every reason.
type BlockedSIM struct {
	SIM
	Reasons []Reason `json:"reasons"`
}

// Count returns how many SIMs the plan moves.
func (p *Plan) Count() int {
	n := 0
	for _, c := range p.Chunks {
		n += len(c.SIMs)
	}
	return n
}

// Total returns how many SIMs were asked for.
func (p *Plan) Total() int { return p.Count() + len(p.AlreadyThere) + len(p.Blocked) }

// Refused reports whether anything in the plan is refused.
func (p *Plan) Refused() bool { return len(p.Blocked) > 0 || len(p.TargetReasons) > 0 }

// request builds the migration request for SIMs.
func (t Terms) request(by By, sims []SIM) client.MigrationRequest {
	r := client.MigrationRequest{
		Target: t.Target.ID, AllowedStatuses: t.AllowedStatuses, DetachDevices: t.DetachDevices, Reference: t.Reference, Reason: t.Reason,
	}
	for _, s := range sims {
		if by == ByID {
			r.SIMs = append(r.SIMs, s.ID)
		} else {
			r.ICCIDs = append(r.ICCIDs, s.ICCID)
		}
	}
	return r
}

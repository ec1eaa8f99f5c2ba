package bulk

import (
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// Terms are what is asked for, besides which SIMs.
type Terms struct {
	Target          api.NamedRef `json:"target"`
	AllowedStatuses []int64      `json:"allowed_statuses,omitempty"`
	DetachDevices   bool         `json:"detach_devices"`
}

// Plan is what a run will do: the chunks, each as a dry run has said yes to it, and what
// may not move.
type Plan struct {
	Version    int       `json:"version"`
	Created    time.Time `json:"created"`
	Server     string    `json:"server"`
	Terms      Terms     `json:"terms"`
	Chunks     []Chunk   `json:"chunks"`
	There      []SIM     `json:"already_there,omitempty"`
	Held       []Held    `json:"held,omitempty"`
	Against    []Reason  `json:"against_target,omitempty"` // nothing may move, whatever the SIM
	Duplicates []string  `json:"duplicates,omitempty"`     // what was named more than once, in words
	Sum        string    `json:"sum,omitempty"`            // of a file: SHA-256 of all the rest, so that an edit is noticed
	Left       []SIM     `json:"left,omitempty"`           // had left their Workspace From, or changed, before the dry run
}

// PlanVersion is that of the file's form.
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
	ETag string `json:"etag,omitempty"` // of its dry run; "" where the server has none
}

// SIM is one card as the dry run showed it. Of one that was not found only what names it
// is there.
type SIM struct {
	ID     int64         `json:"id,omitempty"`
	ICCID  string        `json:"iccid,omitempty"`
	Status api.Ref       `json:"status"`
	Device *api.NamedRef `json:"device,omitempty"`
	Source api.NamedRef  `json:"source"`
	Where  string        `json:"where,omitempty"` // such as sims.csv:12
	From   int64         `json:"from,omitempty"`  // the only Workspace that it may be taken from; 0 for any
}

// Reason is why a SIM, or any, may not move. Code is the contract's, 1502 to 1509, or one
// of ours.
type Reason struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Reasons of ours.
const (
	NotFound = 404 // unknown, deleted, or where the caller is no member
	Changed  = 412 // not as it was planned
)

// Held is a SIM that may not move, and every reason.
type Held struct {
	SIM
	Reasons []Reason `json:"reasons"`
}

// Count is how many SIMs the plan moves.
func (p *Plan) Count() int {
	n := 0
	for _, c := range p.Chunks {
		n += len(c.SIMs)
	}
	return n
}

// Total is how many SIMs were asked for.
func (p *Plan) Total() int { return p.Count() + len(p.There) + len(p.Held) }

// Refused tells whether something stands against the plan.
func (p *Plan) Refused() bool { return len(p.Held) > 0 || len(p.Against) > 0 }

// request is the migration of SIMs under the terms.
func (t Terms) request(by By, sims []SIM) client.MigrationRequest {
	r := client.MigrationRequest{Target: t.Target.ID, AllowedStatuses: t.AllowedStatuses, DetachDevices: t.DetachDevices}
	for _, s := range sims {
		if by == ByID {
			r.SIMs = append(r.SIMs, s.ID)
		} else {
			r.ICCIDs = append(r.ICCIDs, s.ICCID)
		}
	}
	return r
}

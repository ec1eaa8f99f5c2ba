package client

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/api"
)

// UndoRequest is a request to undo a migration. The zero value of the options is the default of
// the server: everything is restored.
type UndoRequest struct {
	Migration int64   // the ledger entry
	SIMs      []int64 // ids; nil for all SIMs of the entry

	KeepStatus    bool // leaves the status as it is now (Activated becomes Suspended)
	LeaveDevices  bool // does not put SIMs back into their previous devices
	DetachDevices bool // takes SIMs out of the devices that they are in now instead of refusing them

	Reference string // such as a ticket number, 100 characters at most
	Reason    string // 500 characters at most
}

func (r UndoRequest) body(dryRun bool) api.UndoRequest {
	b := api.UndoRequest{
		DryRun: api.Some(dryRun), RestoreStatus: api.Some(!r.KeepStatus), RestoreDevices: api.Some(!r.LeaveDevices),
		AutoDetachDevices: api.Some(r.DetachDevices),
	}
	if r.SIMs != nil {
		b.SIMs = api.Some(refs(r.SIMs))
	}
	if r.Reference != "" {
		b.Reference = api.Some(r.Reference)
	}
	if r.Reason != "" {
		b.Reason = api.Some(r.Reason)
	}
	return b
}

// Undo is what an undo would do, or did.
type Undo struct {
	api.UndoResponse
	ETag     string // of a preview, for IfMatch
	Location string // of a real run: the path of its first ledger entry
	Replayed bool   // the response is that of an earlier request with the same idempotency key
}

// PreviewUndo returns exactly what Undo would do, and changes nothing. Other servers than
// Simferry return IsNotFound.
//
// Permission: Administrator of the migration's target and of every Workspace that gets SIMs
// back, as a user. Errors: *ConflictError with every reason against it, which Details explain;
// IsNotFound for a migration or a SIM that is unknown to the caller; IsInvalid; IsForbidden for
// an application token.
func (c *Client) PreviewUndo(ctx context.Context, r UndoRequest) (*Undo, error) {
	return c.undo(ctx, r, true, nil)
}

// Undo moves the SIMs of a migration back, all or none: into their previous Workspaces, to their
// previous status and into their previous devices. Each Workspace that gets SIMs back has a
// ledger entry of its own.
//
// Permission and errors: those of PreviewUndo, and *StaleError with IfMatch.
func (c *Client) Undo(ctx context.Context, r UndoRequest, opts ...WriteOption) (*Undo, error) {
	return c.undo(ctx, r, false, opts)
}

func (c *Client) undo(ctx context.Context, r UndoRequest, dryRun bool, opts []WriteOption) (*Undo, error) {
	what := call{
		method: http.MethodPost, path: ledgerPath + "/" + strconv.FormatInt(r.Migration, 10) + "/undo", body: r.body(dryRun),
		header: headerOf(opts), repeat: dryRun,
	}
	got, err := c.do(ctx, what)
	if err != nil {
		return nil, err
	}
	body, err := decode[api.UndoResponse](what, got)
	if err != nil {
		return nil, err
	}
	if body.DryRun != dryRun {
		return nil, fmt.Errorf("undo: the response has dry_run %t but the request had %t: check whether SIMs have moved", body.DryRun, dryRun)
	}
	return &Undo{
		UndoResponse: *body, ETag: got.header.Get("ETag"), Location: got.header.Get("Location"),
		Replayed: got.header.Get("Idempotent-Replayed") == "true",
	}, nil
}

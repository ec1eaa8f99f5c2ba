package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/simferry/simferry/api"
)

// MigrationRequest asks to move SIMs into the Workspace Target. Exactly one of SIMs,
// ICCIDs and Range selects them, 500 at most.
type MigrationRequest struct {
	Target int64
	SIMs   []int64         // ids; they may come from several Workspaces
	ICCIDs []string        // 19 digits each, without check digit
	Range  *api.ICCIDRange // both ends included; numbers without a SIM are skipped

	AllowedStatuses []int64 // refuses every SIM in another status; nil allows all
	DetachDevices   bool    // takes attached SIMs out of their devices instead of refusing them

	// Reference and Reason are kept in the ledger and in events. Only Simferry has them; other
	// servers refuse a request with one.
	Reference string // such as a ticket number, 100 characters at most
	Reason    string // 500 characters at most; a Workspace can require it
}

func (r MigrationRequest) body(dryRun bool) api.MigrationRequest {
	b := api.MigrationRequest{TargetWorkspace: api.Some(api.RefTo(r.Target)), DryRun: api.Some(dryRun)}
	if r.SIMs != nil {
		b.SIMs = api.Some(refs(r.SIMs))
	}
	if r.ICCIDs != nil {
		b.ICCIDs = api.Some(r.ICCIDs)
	}
	if r.Range != nil {
		b.ICCIDRange = api.Some(*r.Range)
	}
	if r.AllowedStatuses != nil {
		b.AllowedSIMStatuses = api.Some(refs(r.AllowedStatuses))
	}
	if r.DetachDevices {
		b.AutoDetachDevices = api.Some(true)
	}
	if r.Reference != "" {
		b.Reference = api.Some(r.Reference)
	}
	if r.Reason != "" {
		b.Reason = api.Some(r.Reason)
	}
	return b
}

func refs(ids []int64) []api.IDRef {
	list := make([]api.IDRef, len(ids))
	for i, id := range ids {
		list[i] = api.RefTo(id)
	}
	return list
}

// Migration is what a migration would do, or did. Statuses, devices and source Workspaces
// are those before the move.
type Migration struct {
	api.MigrationResponse
	ETag     string // of a preview, for IfMatch; "" if the server has none
	Location string // of a real run: the path of its ledger entry; "" if the server has none
	Replayed bool   // the response is that of an earlier request with the same idempotency key
}

// LedgerID returns the id of the ledger entry of a real run; ok is false if there is none.
func (m *Migration) LedgerID() (id int64, ok bool) {
	id, err := strconv.ParseInt(m.Location[strings.LastIndexByte(m.Location, '/')+1:], 10, 64)
	return id, err == nil
}

// WriteOption changes the header of one write request.
type WriteOption func(http.Header)

const idempotencyKey = "Idempotency-Key"

// IdempotencyKey makes a write take effect once, however often it is sent: a repetition gets
// the first response. It also allows the client to retry the write; do not use it with a server
// that does not support such keys. key is 1 to 255 printable ASCII characters; another request
// needs another key, see NewIdempotencyKey.
func IdempotencyKey(key string) WriteOption {
	return func(h http.Header) { h.Set(idempotencyKey, key) }
}

// NewIdempotencyKey returns a unique key. To be able to repeat a write after a crash of the
// calling program, store the key before sending.
func NewIdempotencyKey() string { return rand.Text() }

// IfMatch moves exactly what a preview showed, or nothing: pass its ETag. With SetRules it is the
// ETag of Rules. "", the ETag of a server that has none, has no effect.
func IfMatch(etag string) WriteOption {
	return func(h http.Header) {
		if etag != "" {
			h.Set("If-Match", etag)
		}
	}
}

// Preview makes a dry run: it returns exactly what Migrate would, and changes nothing.
//
// Permission: Administrator of the target and of every source, as a user. Errors:
// *ConflictError with every reason against it; IsNotFound for an unknown target or SIM, which
// Problems name; IsInvalid; IsForbidden for an application token.
func (c *Client) Preview(ctx context.Context, r MigrationRequest) (*Migration, error) {
	return c.migrate(ctx, r, true, nil)
}

// Migrate moves the SIMs: all of them, or none. Activated SIMs are suspended, devices stay in
// the source. Without an IdempotencyKey, a call without a response may or may not have moved
// the SIMs; check with Preview.
//
// Permission and errors: those of Preview, and *StaleError with IfMatch.
func (c *Client) Migrate(ctx context.Context, r MigrationRequest, opts ...WriteOption) (*Migration, error) {
	return c.migrate(ctx, r, false, opts)
}

func (c *Client) migrate(ctx context.Context, r MigrationRequest, dryRun bool, opts []WriteOption) (*Migration, error) {
	what := call{
		method: http.MethodPost, path: "/api/v1/sim/migration/workspace", body: r.body(dryRun),
		header: headerOf(opts), repeat: dryRun,
	}
	got, err := c.do(ctx, what)
	if err != nil {
		return nil, err
	}
	body, err := decode[api.MigrationResponse](what, got)
	if err != nil {
		return nil, err
	}
	if body.DryRun != dryRun {
		return nil, fmt.Errorf("migration: the response has dry_run %t but the request had %t: check whether SIMs have moved", body.DryRun, dryRun)
	}
	return &Migration{
		MigrationResponse: *body, ETag: got.header.Get("ETag"), Location: got.header.Get("Location"),
		Replayed: got.header.Get("Idempotent-Replayed") == "true",
	}, nil
}

// headerOf returns the header that the options of a write make.
func headerOf(opts []WriteOption) http.Header {
	h := make(http.Header)
	for _, o := range opts {
		o(h)
	}
	return h
}

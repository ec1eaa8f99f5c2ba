package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// migration is what a request to migrate asks for.
type migration struct {
	run    control.Run
	dryRun bool
	once   control.Once
}

// migrate implements POST /api/v1/sim/migration/workspace. It reads the body before the caller,
// so that a dry run needs one database read for everything. Faults of the body are reported
// only to callers who may migrate, as in every other operation.
func (a *api) migrate(r *request) (response, error) {
	m, fault := readMigration(r)
	if fault == nil && m.dryRun {
		return a.preview(r, m.run.Request)
	}
	err := a.authorize(r)
	switch {
	case fault != nil && (err == nil || errors.Is(err, context.Canceled)): // a failed read of the body cancels the context
		return response{}, fault
	case err != nil:
		return response{}, err
	}
	reply, err := a.control.Migrate(r.Context(), r.caller, m.run, control.Write[control.Migrated]{Once: m.once, Encoder: encoder[control.Migrated](migrated)})
	return replied(reply), err
}

// readMigration reads everything of a migration that needs no database.
func readMigration(r *request) (m migration, err error) {
	if err := r.checkQuery(); err != nil {
		return m, err
	}
	var body wire.MigrationRequest
	if err := r.Decode(&body); err != nil {
		return m, err
	}
	m.dryRun = body.DryRun.Or(true)
	if m.run.Request, err = migrationRequest(body); err != nil {
		return m, err
	}
	m.once, err = r.once("sim.migrate", struct {
		Request fleet.MigrationRequest
		IfMatch string
	}{m.run.Request, r.ifMatch()})
	if err == nil && !m.dryRun {
		m.run.Preview, err = r.precondition()
	}
	return m, err
}

func (a *api) preview(r *request, req fleet.MigrationRequest) (response, error) {
	caller, plan, err := a.control.PreviewMigration(r.Context(), r.claims, r.origin(), req)
	r.setCaller(caller)
	if err != nil {
		return response{}, err
	}
	res := response{Status: http.StatusOK, Body: planBody(plan, true)}
	res.Set("ETag", plan.ETag())
	return res, nil
}

// precondition reads the previews that If-Match names; nil for none. A guard that is present must
// be effective: an empty one is refused.
func (r *request) precondition() (fleet.Previews, error) {
	if len(r.Header.Values("If-Match")) == 0 {
		return nil, nil
	}
	previews, err := fleet.ParsePreviews(r.ifMatch())
	if fleet.CodeOf(err) == fleet.PreconditionStale {
		err = &control.Stale{OtherRequest: true} // none of our tags, so they cannot match
	}
	return previews, err
}

func migrated(done control.Migrated) control.Reply {
	return control.Reply{Status: http.StatusOK, Body: planBody(done.Plan, false), Location: entryPath(done.ID)}
}

// entryPath returns the path of a ledger entry.
func entryPath(id fleet.MigrationID) string {
	return "/api/v1/migration/" + strconv.FormatInt(int64(id), 10)
}

// migrationRequest converts a body to a fleet request and checks all that needs no database.
func migrationRequest(b wire.MigrationRequest) (req fleet.MigrationRequest, err error) {
	target, err := httpx.RequiredID("target_workspace", b.TargetWorkspace)
	if err != nil {
		return req, err
	}
	req.Target = fleet.WorkspaceID(target)
	if req.Select, err = selector(b); err != nil {
		return req, err
	}
	if req.AllowedStatuses, err = allowedStatuses(b.AllowedSIMStatuses); err != nil {
		return req, err
	}
	if b.DryRun.Null || b.AutoDetachDevices.Null {
		return req, fleet.Invalid("dry_run, auto_detach_devices", "they must be true or false, not null; omit the key instead")
	}
	req.DetachDevices = b.AutoDetachDevices.Or(false)
	req.Note = fleet.Note{Reference: b.Reference.Or(""), Reason: b.Reason.Or("")}
	return req, req.Note.Check()
}

func selector(b wire.MigrationRequest) (fleet.Selector, error) {
	sims, bySIM := b.SIMs.Get()
	iccids, byICCID := b.ICCIDs.Get()
	span, byRange := b.ICCIDRange.Get()
	switch {
	case bySIM && !byICCID && !byRange:
		ids, err := simIDs("sims", sims)
		if err != nil {
			return fleet.Selector{}, err
		}
		return fleet.SelectSIMs(ids)
	case byICCID && !bySIM && !byRange:
		return fleet.SelectICCIDs(iccids)
	case byRange && !bySIM && !byICCID:
		return fleet.SelectRange(span.Start, span.End)
	}
	return fleet.Selector{}, fleet.Errorf(fleet.BadRequest, "Send exactly one of sims, iccids and iccid_range")
}

// simIDs reads the ids of a list: the property field, or the body itself if field is "".
func simIDs(field string, list []wire.IDRef) ([]fleet.SIMID, error) {
	ids := make([]fleet.SIMID, len(list))
	for i, ref := range list {
		if ref.ID == nil {
			return nil, fleet.Invalid(field+item(i, "id"), "it is required")
		}
		ids[i] = fleet.SIMID(*ref.ID)
	}
	return ids, nil
}

func allowedStatuses(o wire.Optional[[]wire.IDRef]) ([]fleet.SIMStatus, error) {
	const field = "allowed_sim_statuses"
	list, ok := o.Get()
	if !ok {
		return nil, nil
	}
	if len(list) == 0 {
		return nil, fleet.Invalid(field, "the list is empty, so no SIM could move; omit the key to allow every status")
	}
	statuses := make([]fleet.SIMStatus, 0, len(list))
	ids, err := simIDs(field, list)
	for i, id := range ids {
		s, bad := knownStatus(field+item(i, "id"), int64(id))
		if bad != nil {
			return nil, bad
		}
		statuses = append(statuses, s)
	}
	return statuses, err
}

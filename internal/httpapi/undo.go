package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// undoMigration implements POST /api/v1/migration/{migration_id}/undo.
func (a *api) undoMigration(r *request) (response, error) {
	id, err := r.PathID("migration_id")
	if err != nil {
		return response{}, err
	}
	var body wire.UndoRequest
	if err := r.DecodeOptional(&body); err != nil {
		return response{}, err
	}
	req, err := undoRequest(fleet.MigrationID(id), body)
	if err != nil {
		return response{}, err
	}
	once, err := r.once("migration.undo", struct {
		Request fleet.UndoRequest
		Note    fleet.Note
		IfMatch string
	}{req, req.Note, r.ifMatch()})
	if err != nil {
		return response{}, err
	}
	if body.DryRun.Or(true) {
		return a.previewUndo(r, req)
	}
	run := control.UndoRun{Request: req}
	if run.Preview, err = r.precondition(); err != nil {
		return response{}, err
	}
	reply, err := a.control.Undo(r.Context(), r.caller, run, control.Write[control.Undone]{Once: once, Encoder: encoder[control.Undone](undone)})
	return replied(reply), err
}

func (a *api) previewUndo(r *request, req fleet.UndoRequest) (response, error) {
	if err := a.callerAgain(r); err != nil {
		return response{}, err
	}
	plan, err := a.control.PreviewUndo(r.Context(), r.caller, req)
	if err != nil {
		return response{}, err
	}
	res := httpx.JSON(http.StatusOK, undoBody(control.Undone{Plan: plan}))
	res.Set("ETag", plan.ETag())
	return res, nil
}

// undoRequest converts a body and checks all that needs no database.
func undoRequest(id fleet.MigrationID, b wire.UndoRequest) (req fleet.UndoRequest, err error) {
	for field, null := range map[string]bool{
		"dry_run": b.DryRun.Null, "restore_status": b.RestoreStatus.Null, "restore_devices": b.RestoreDevices.Null,
		"auto_detach_devices": b.AutoDetachDevices.Null,
	} {
		if null {
			return req, fleet.Invalid(field, "it must be true or false, not null; omit the key instead")
		}
	}
	req = fleet.UndoRequest{
		Migration: id, RestoreStatus: b.RestoreStatus.Or(true), RestoreDevices: b.RestoreDevices.Or(true), DetachDevices: b.AutoDetachDevices.Or(false),
	}
	if b.SIMs.Null {
		return req, fleet.Invalid("sims", "it must be a list, not null; omit the key to undo the whole migration")
	}
	if sims, ok := b.SIMs.Get(); ok {
		ids, err := simIDs("sims", sims)
		if err != nil {
			return req, err
		}
		sel, err := fleet.SelectSIMs(ids)
		if err != nil {
			return req, err
		}
		req.SIMs = sel.SIMs
	}
	req.Note = fleet.Note{Reference: b.Reference.Or(""), Reason: b.Reason.Or("")}
	return req, req.Note.Check()
}

func undone(done control.Undone) control.Reply {
	reply := jsonReply(http.StatusOK, undoBody(done))
	reply.Location = entryPath(done.IDs[0])
	return reply
}

func undoBody(done control.Undone) wire.UndoResponse {
	p := done.Plan
	body := wire.UndoResponse{
		Undoes: wire.RefTo(int64(p.Request.Migration)), SIMCount: len(p.SIMs), DryRun: done.IDs == nil,
		RestoreStatus: p.Request.RestoreStatus, RestoreDevices: p.Request.RestoreDevices, AutoDetachDevices: p.Request.DetachDevices,
		Migrations: make([]wire.UndoEntry, len(p.Moves)), SIMs: make([]wire.UndoSIM, len(p.SIMs)),
	}
	homes := make(map[fleet.WorkspaceID]fleet.Workspace, len(p.Moves))
	for i, move := range p.Moves {
		homes[move.Target.ID] = move.Target
		body.Migrations[i] = wire.UndoEntry{TargetWorkspace: workspaceRef(move.Target), SIMCount: len(move.SIMs)}
		if done.IDs != nil {
			body.Migrations[i].ID = int64(done.IDs[i])
		}
	}
	for i, s := range p.SIMs {
		after := p.After(s)
		body.SIMs[i] = wire.UndoSIM{
			MigrationSIM: migrationSIM(s, p.Entry.Target),
			After: wire.LineState{
				Workspace: workspaceRef(homes[after.Workspace]), Status: statusRef(after.Status), Endpoint: deviceRef(after.Device, after.DeviceName),
			},
		}
	}
	return body
}

// conflictDetails describes why an undo cannot move SIMs back; nil for a migration.
func conflictDetails(c *fleet.Conflicts, g fleet.Conflict) []wire.ConflictDetail {
	var list []wire.ConflictDetail
	for _, s := range g.SIMs {
		d, detail := c.Detail(s), wire.ConflictDetail{ID: int64(s.ID)}
		switch g.Code {
		case fleet.SIMsChanged:
			if len(d.Changes) == 0 { // of an offer
				continue
			}
			for _, change := range d.Changes {
				detail.Changes = append(detail.Changes, wire.StaleChange{
					Property: string(change.Property), Was: changedValue(change.Property, change.Was), Now: changedValue(change.Property, change.Now),
				})
			}
		case fleet.DeviceUnavailable:
			detail.Endpoint = &wire.NamedRef{ID: d.Device.ID, Name: d.Device.Name}
		case fleet.AlreadyUndone:
			by := wire.RefTo(int64(d.UndoneBy))
			detail.UndoneBy = &by
		default:
			continue
		}
		list = append(list, detail)
	}
	return list
}

func changedValue(p fleet.Property, v fleet.Value) *wire.StaleValue {
	switch {
	case p == fleet.PropertyStatus || p == fleet.PropertySIM:
		return &wire.StaleValue{ID: v.ID, Description: v.Name}
	case v.ID == 0:
		return nil
	}
	return &wire.StaleValue{ID: v.ID, Name: v.Name}
}

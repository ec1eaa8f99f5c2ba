package control

import (
	"context"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// MaxDeletedSIMs is the most SIMs that one request may delete.
const MaxDeletedSIMs = 2000

// DeleteSIMs deletes SIMs, all or none, with an event 10 for each and one ledger entry. A deleted
// SIM keeps its row and its ID; its ICCID can be imported again. The refusal InUse is stored under
// an idempotency key like a success.
//
// Permission: WriteSIMs. Errors: NotFound with a Problem per SIM that is unknown, deleted already,
// or in a Workspace that the caller cannot see; InUse with a Problem per SIM that is in a device;
// those of once.
func (c *Control) DeleteSIMs(ctx context.Context, caller identity.Principal, ids []fleet.SIMID, w Write[None]) (Reply, error) {
	uid := uuid.NewString()
	return once(ctx, c, caller, guard{need: identity.WriteSIMs}, w, func(tx *store.Tx, caller identity.Principal) (done result[None], err error) {
		ws, err := callerWorkspace(ctx, tx, caller)
		if err != nil {
			return done, err
		}
		sims, err := tx.SIMsByID(ctx, ws, ids)
		if err != nil {
			return done, err
		}
		if refusal := mayDelete(ids, sims); refusal != nil {
			if refusal.Code == fleet.InUse {
				return result[None]{refused: refusal}, nil
			}
			return done, refusal
		}
		deletion := store.Change{UID: uid, Kind: fleet.LedgerDelete, By: storeCaller(caller), Lines: statusLines(sims, fleet.SIMDeleted)}
		deletion.Audit = auditSIMs(caller, fleet.AuditSIMDeleted, deletion)
		done.entry, err = tx.Apply(ctx, deletion)
		return done, err
	})
}

// mayDelete refuses SIMs that cannot be deleted; found holds those that exist.
func mayDelete(ids []fleet.SIMID, found []fleet.SIM) *fleet.Error {
	at := make(map[fleet.SIMID]*fleet.SIM, len(found))
	for i := range found {
		at[found[i].ID] = &found[i]
	}
	var missing, attached []fleet.Problem
	for _, id := range ids {
		switch s := at[id]; {
		case s == nil:
			missing = append(missing, fleet.Problem{Code: fleet.NotFound, Message: fleet.Missing("sim", int64(id)).Message})
		case s.Device != 0:
			words := fleet.Errorf(fleet.InUse, "SIM %d sits in endpoint %d: release it first", id, s.Device)
			attached = append(attached, fleet.Problem{Code: fleet.InUse, Message: words.Message})
		}
	}
	if err := several(fleet.NotFound, missing, len(ids), "not found"); err != nil {
		return err
	}
	return several(fleet.InUse, attached, len(ids), "in endpoints")
}

// several returns one error for all problems of a request, nil if there are none. The error of a
// single SIM or device has no list.
func several(code fleet.Code, list []fleet.Problem, asked int, state string) *fleet.Error {
	if len(list) == 0 {
		return nil
	}
	err := fleet.Errorf(code, "%s", list[0].Message)
	if len(list) > 1 {
		err.Message = fleet.Errorf(code, "%s, and %d more of this request %s: see errors", list[0].Message, len(list)-1, state).Message
	}
	if asked > 1 {
		err.Problems = list
	}
	return err
}

// statusLines returns the ledger lines of SIMs that change their status but not their
// Workspace.
func statusLines(sims []fleet.SIM, next fleet.SIMStatus) []store.Line {
	lines := make([]store.Line, len(sims))
	for i, s := range sims {
		before := s.State()
		after := before
		after.Status = next
		after.Version++
		lines[i] = store.Line{Before: before, After: after}
	}
	return lines
}

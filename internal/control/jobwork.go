package control

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// freeze decides about SIMs for the plan of a job: their verdicts, versions and sources.
func (s *jobStep) freeze(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM) error {
	if j.Kind == fleet.JobUndo {
		_, _, err := s.judgeUndo(ctx, tx, j, rows, true)
		return err
	}
	snap, err := s.snapshot(ctx, tx, j, rows)
	if err != nil {
		return err
	}
	s.judge(j, rows, snap, true)
	return nil
}

// snapshot reads the SIMs of a plan with the rights that the user who makes it has now.
func (s *jobStep) snapshot(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM) (fleet.Snapshot, error) {
	if j.Options.Offer != 0 {
		return s.offered(ctx, tx, j, rows, false)
	}
	ids := make([]fleet.SIMID, 0, len(rows))
	for _, r := range rows {
		if r.SIM != 0 {
			ids = append(ids, r.SIM)
		}
	}
	return tx.Snapshot(ctx, storeCaller(s.caller), fleet.MigrationRequest{Target: j.Target.ID, Select: fleet.Selector{SIMs: fleet.Once(ids)}}, false)
}

// offered reads the SIMs of a job that accepts an offer, with the rights that both sides have now.
func (s *jobStep) offered(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM, lock bool) (snap fleet.Snapshot, err error) {
	o, found, err := tx.OfferOf(ctx, j.Target.ID, j.Options.Offer, false)
	if err != nil || !found {
		return snap, err
	}
	ids := make([]fleet.SIMID, 0, len(rows))
	for _, r := range rows {
		if r.SIM != 0 {
			ids = append(ids, r.SIM)
		}
	}
	snap, _, err = offerSnapshot(ctx, tx, o, s.caller.User, ids, lock)
	return snap, err
}

// next reads the SIMs of the next chunk. For most jobs it also reads the snapshot of them; known is
// false if work has to.
func (s *jobStep) next(ctx context.Context, tx *store.Tx, j *fleet.Job, most int) (rows []fleet.JobSIM, snap fleet.Snapshot, known bool, err error) {
	if j.Kind != fleet.JobUndo && j.Options.Offer == 0 && s.caller.User != 0 && s.attempts == 1 {
		if rows, snap, known, err = tx.NextChunk(ctx, storeCaller(s.caller), *j, most); err != nil || known {
			return rows, snap, known, err
		}
	}
	rows, err = tx.NextJobSIMs(ctx, *j, most)
	return rows, snap, false, err
}

// chunkSnapshot reads the SIMs of a chunk.
func (s *jobStep) chunkSnapshot(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM) (fleet.Snapshot, error) {
	if j.Options.Offer != 0 {
		return s.offered(ctx, tx, j, rows, s.attempts > 1)
	}
	return tx.ChunkSnapshot(ctx, storeCaller(s.caller), j.Target.ID, rows, s.attempts > 1)
}

// judge sets the verdicts of SIMs that do not change, and returns the changes of the others,
// which are still planned.
func (s *jobStep) judge(j *fleet.Job, rows []fleet.JobSIM, snap fleet.Snapshot, freeze bool) []store.Change {
	keep := fleet.Judge(rows, snap, freeze)
	if j.Kind == fleet.JobStatus {
		return s.judgeStatus(j, rows, keep)
	}
	keep.Rules = ruleInput(j, keep.Rules, len(rows), freeze)
	plan, refused := fleet.PlanSome(fleet.MigrationRequest{
		Target: j.Target.ID, AllowedStatuses: j.Options.AllowedStatuses, DetachDevices: j.Options.DetachDevices, Activate: j.Options.Activate,
		Note: j.Note, Offer: j.Options.Offer,
	}, keep)
	refused.Refuse(rows)
	if plan == nil {
		return nil
	}
	if freeze {
		plan.Foresee(rows)
		j.NoteRules(plan.Hits)
	}
	return []store.Change{change(plan, s.caller, "", about{note: j.Note})}
}

// ruleInput completes the input of the rules for SIMs of a job.
func ruleInput(j *fleet.Job, in fleet.RuleInput, sims int, freeze bool) fleet.RuleInput {
	in.Planning, in.Refused = freeze, j.NoteRefusal
	if !freeze {
		in.Request, in.Day, in.Approved = j.Size(), sims, j.ApprovedRules()
	}
	return in
}

// judgeStatus judges SIMs for a change of status.
func (s *jobStep) judgeStatus(j *fleet.Job, rows []fleet.JobSIM, snap fleet.Snapshot) []store.Change {
	sims, unchanged, refused := fleet.PlanStatus(j.Options.Status, snap)
	refused.Refuse(rows)
	for i := range rows {
		if rows[i].Verdict != fleet.VerdictPlanned {
			continue
		}
		rows[i].Change.After = j.Options.Status
		if unchanged[rows[i].SIM] {
			rows[i].Verdict = fleet.VerdictUnchanged
		}
	}
	if len(sims) == 0 {
		return nil
	}
	c := store.Change{Kind: fleet.LedgerStatus, By: storeCaller(s.caller), Note: j.Note, Lines: make([]store.Line, len(sims))}
	homes := make(seen[fleet.WorkspaceID])
	for i, sim := range sims {
		after := sim
		after.Status, after.Version = j.Options.Status, sim.Version+1
		c.Lines[i] = store.Line{Before: sim, After: after}
		homes.add(sim.Workspace)
	}
	c.Audit = auditSIMs(s.caller, fleet.AuditSIMChanged, c)
	c.Audit.Workspaces = homes.list()
	return []store.Change{c}
}

// judgeUndo judges SIMs of one ledger entry for an undo.
func (s *jobStep) judgeUndo(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM, freeze bool) (used int, changes []store.Change, err error) {
	if len(rows) == 0 {
		return 0, nil, nil
	}
	if freeze { // one entry after the other
		for from := 0; from < len(rows); {
			until := from + sameEntry(rows[from:])
			if _, _, err := s.judgeEntry(ctx, tx, j, rows[from:until], true); err != nil {
				return 0, nil, err
			}
			from = until
		}
		return len(rows), nil, nil
	}
	return s.judgeEntry(ctx, tx, j, rows[:sameEntry(rows)], false)
}

// sameEntry returns how many of the first SIMs belong to the same ledger entry.
func sameEntry(rows []fleet.JobSIM) int {
	n := 1
	for n < len(rows) && rows[n].Undoes == rows[0].Undoes {
		n++
	}
	return n
}

func (s *jobStep) judgeEntry(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM, freeze bool) (used int, changes []store.Change, err error) {
	req := fleet.UndoRequest{
		Migration: rows[0].Undoes, RestoreStatus: j.Options.RestoreStatus, RestoreDevices: j.Options.RestoreDevices, DetachDevices: j.Options.DetachDevices,
		Note: j.Note,
	}
	for _, r := range rows {
		req.SIMs = append(req.SIMs, r.SIM)
	}
	snap, found, err := tx.UndoSnapshot(ctx, storeCaller(s.caller), j.Workspace, req, !freeze)
	if err != nil && fleet.CodeOf(err) != fleet.NotFound {
		return 0, nil, err
	}
	if err != nil || !found {
		for i := range rows {
			rows[i].Verdict, rows[i].Codes = fleet.VerdictRefused, []fleet.ConflictCode{fleet.ConflictCode(fleet.NotFound)}
		}
		return len(rows), nil, nil
	}
	keep := fleet.Judge(rows, snap.Snapshot, freeze)
	if freeze {
		snap.Entry.GiveBack(rows)
	}
	req.SIMs = make([]fleet.SIMID, len(keep.SIMs))
	for i, sim := range keep.SIMs {
		req.SIMs[i] = sim.ID
	}
	snap.Rules = ruleInput(j, snap.Rules, len(rows), freeze)
	plan, refused := fleet.UndoSome(req, snap)
	refused.Refuse(rows)
	if plan == nil {
		return len(rows), nil, nil
	}
	what := about{&fleet.Undo{Migration: req.Migration, RestoreStatus: req.RestoreStatus, RestoreDevices: req.RestoreDevices}, j.Note}
	for _, move := range plan.Moves {
		if freeze {
			move.Foresee(rows)
			j.NoteRules(move.Hits)
		}
		changes = append(changes, change(move, s.caller, "", what))
	}
	return len(rows), changes, nil
}

// work moves the next SIMs that have not changed since the plan, and sets the verdicts of all. It
// returns these SIMs; none if the job has no more.
func (s *jobStep) work(ctx context.Context, tx *store.Tx, j *fleet.Job, most int) ([]fleet.JobSIM, error) {
	rows, snap, known, err := s.next(ctx, tx, j, most)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	s.caller.Origin = identity.Origin{RequestID: fmt.Sprintf("job-%d.%d", j.ID, rows[0].Pos)}
	if s.caller.User == 0 { // deleted or suspended
		for i := range rows {
			rows[i].Verdict, rows[i].Codes = fleet.VerdictRefused, []fleet.ConflictCode{fleet.CreatorSuspended}
		}
		return rows, nil
	}
	var changes []store.Change
	if j.Kind == fleet.JobUndo {
		used, undo, err := s.judgeUndo(ctx, tx, j, rows, false)
		if err != nil {
			return nil, err
		}
		rows, changes = rows[:used], undo
	} else {
		if !known {
			if snap, err = s.chunkSnapshot(ctx, tx, j, rows); err != nil {
				return nil, err
			}
		}
		changes = s.judge(j, rows, snap, false)
	}
	return rows, applyAll(ctx, tx, j, rows, changes)
}

// applyAll writes the changes of a chunk, and sets the verdicts of its SIMs that they move.
func applyAll(ctx context.Context, tx *store.Tx, j *fleet.Job, rows []fleet.JobSIM, changes []store.Change) error {
	var last fleet.MigrationID
	entries := make(map[fleet.SIMID]fleet.MigrationID) // if there are several changes
	for i, c := range changes {
		c.UID = fmt.Sprintf("job-%d.%d.%d", j.ID, rows[0].Pos, i)
		entry, err := tx.Apply(ctx, c)
		if err != nil {
			return err
		}
		if last = entry; len(changes) == 1 {
			break
		}
		for _, l := range c.Lines {
			entries[l.Before.ID] = entry
		}
	}
	for i := range rows {
		if rows[i].Verdict != fleet.VerdictPlanned {
			continue
		}
		rows[i].Verdict, rows[i].Entry = fleet.VerdictDone, last
		if len(changes) > 1 {
			rows[i].Entry = entries[rows[i].SIM]
		}
	}
	return nil
}

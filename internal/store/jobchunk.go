package store

import (
	"context"
	"math"

	"github.com/simferry/simferry/internal/fleet"
)

// NextJobSIMs reads the next planned SIMs of a job, in the order of their positions: what a chunk
// needs of them, without ICCIDs, lines and identifiers.
func (tx *Tx) NextJobSIMs(ctx context.Context, j fleet.Job, most int) (sims []fleet.JobSIM, err error) {
	w := where{tx: tx}
	text := w.nextPlanned(j, most)
	sims = make([]fleet.JobSIM, 0, most)
	var pos, sim, version, source, home, undoes int64 // the same for all rows: fewer allocations
	into := []any{&pos, &sim, &version, &source, &home, &undoes}
	err = tx.inIndexOrder(ctx, statement{text, w.args, func(r rows) error {
		err := r.Scan(into...)
		sims = append(sims, fleet.JobSIM{
			Pos: pos, SIM: fleet.SIMID(sim), Version: version, Source: fleet.WorkspaceID(source), Home: fleet.WorkspaceID(home),
			Undoes: fleet.MigrationID(undoes),
		})
		return err
	}})
	return sims, err
}

// mostHomes is how many sources a job may have at most for NextChunk, which reads the standings of
// all of them although a chunk may need only some.
const mostHomes = 64

// NextChunk reads what NextJobSIMs and ChunkSnapshot read, in one statement for both and one round
// trip. It locks no SIM and reads no ICCIDs: no rule about a planned SIM asks for them. ok is false
// if the job has too many sources, so that each chunk would read too much about them.
func (tx *Tx) NextChunk(ctx context.Context, who Caller, j fleet.Job, most int) (rows []fleet.JobSIM, snap fleet.Snapshot, ok bool, err error) {
	homes := j.PlannedHomes()
	if len(homes) > mostHomes {
		return nil, snap, false, nil
	}
	chunk := tx.nextChunk(j, most)
	standings, found := tx.standings(who.User, homes)
	var version int64
	reads := append([]statement{ruleVersion(&version)}, standings...)
	if err := tx.inIndexOrder(ctx, chunk.statement, reads...); err != nil {
		return nil, snap, false, err
	}
	snap, err = tx.withRules(ctx, narrowed(fleet.Snapshot{Workspaces: found, SIMs: *chunk.sims}, j.Target.ID), version)
	return *chunk.rows, snap, true, err
}

// chunkRead is the statement of NextChunk and where its rows go.
type chunkRead struct {
	statement
	rows *[]fleet.JobSIM
	sims *[]fleet.SIMState
}

// nextChunk selects the next planned SIMs of a job, and what they are now. Each is looked up by its
// id, in the order of positions.
func (tx *Tx) nextChunk(j fleet.Job, most int) chunkRead {
	w := where{tx: tx}
	next := "(" + w.nextPlanned(j, most) + ") n"
	live := " s.id = n.sim_id AND s.status <> " + deletedSIM
	from := next + tx.dialectSQL(" LEFT JOIN sims s ON"+live,
		" LEFT JOIN LATERAL (SELECT s.id, s.status, s.workspace_id, s.version, s.device_id, s.offer_id FROM sims s WHERE"+live+" OFFSET 0) s ON TRUE")
	text := `SELECT n.pos, n.sim_id, n.version, n.source_id, n.home_id, n.undoes, COALESCE(s.id, 0), COALESCE(s.status, 0),
		COALESCE(s.workspace_id, 0), COALESCE(s.version, 0), COALESCE(s.device_id, 0), COALESCE(s.offer_id, 0),
		COALESCE((SELECT d.name FROM devices d WHERE d.id = s.device_id), '') FROM ` + from + " ORDER BY n.pos"
	planned, sims := make([]fleet.JobSIM, 0, most), make([]fleet.SIMState, 0, most)
	var pos, sim, version, source, home, undoes, id, status, workspace, now, device, offer int64
	var name string
	into := []any{&pos, &sim, &version, &source, &home, &undoes, &id, &status, &workspace, &now, &device, &offer, &name}
	scan := func(r rows) error {
		if err := r.Scan(into...); err != nil {
			return err
		}
		planned = append(planned, fleet.JobSIM{
			Pos: pos, SIM: fleet.SIMID(sim), Version: version, Source: fleet.WorkspaceID(source), Home: fleet.WorkspaceID(home),
			Undoes: fleet.MigrationID(undoes),
		})
		if id != 0 {
			sims = append(sims, fleet.SIMState{
				ID: fleet.SIMID(id), Status: fleet.SIMStatus(status), Workspace: fleet.WorkspaceID(workspace), Version: now,
				Device: fleet.DeviceID(device), DeviceName: name, Offer: fleet.OfferID(offer),
			})
		}
		return nil
	}
	return chunkRead{statement{text, w.args, scan}, &planned, &sims}
}

// nextPlanned selects the next planned SIMs of a job, in the order of their positions.
func (w *where) nextPlanned(j fleet.Job, most int) string {
	after := int64(math.MinInt64)
	if j.Begun {
		after = j.Cursor
	}
	one := where{tx: w.tx, args: w.args}
	one.afterPosition(j.ID, after)
	one.and("n.verdict = " + plannedVerdict)
	text := `SELECT n.pos, n.sim_id, n.version, COALESCE(n.source_id, 0) AS source_id, COALESCE(n.home_id, 0) AS home_id,
		COALESCE(n.undoes, 0) AS undoes FROM job_sims n WHERE ` + one.String() + " ORDER BY n.pos LIMIT " + one.arg(most)
	w.args = one.args
	return text
}

// afterPosition limits a query on job_sims n to the SIMs of a job after a position.
func (w *where) afterPosition(id fleet.JobID, after int64) {
	w.and("n.job_id = " + w.arg(int64(id)))
	w.and("n.pos > " + w.arg(after))
}

// inIndexOrder runs a query that can be read in the order of an index, and then other statements.
// PostgreSQL must read it in that order, whatever its statistics say: without fresh ones it expects
// few rows, and may sort a whole job for one page.
func (tx *Tx) inIndexOrder(ctx context.Context, query statement, more ...statement) error {
	if tx.d == SQLite {
		return tx.batch(ctx, append([]statement{query}, more...)...)
	}
	const sorting = "SELECT set_config('enable_sort', $1, true), set_config('enable_incremental_sort', $1, true)"
	return tx.batch(ctx, append([]statement{locking(sorting, "off"), query, locking(sorting, "on")}, more...)...)
}

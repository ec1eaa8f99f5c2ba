package bench

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// How many SIMs of a job the product plans or moves in one transaction.
const (
	planSize = 2500
	chunk    = 500
)

// jobFloor is a job without any rules: nothing is read for a decision. It changes the same rows as
// the product, which TestJobFloorChangesTheSameRows checks: the job, the parts of its selection
// until they are planned, its SIMs, sides, counts and effects, its lease, the audit entry of the
// request, and for each chunk the SIMs, the ledger, events, tally, audit, verdicts and progress.
type jobFloor interface {
	job(ctx context.Context, ids []int64, from, to int64) error
}

// blockCount is how many SIMs are in a block of the tally.
type blockCount struct{ block, sims int64 }

// blocks counts SIMs by blocks of the tally. The ids must be in ascending order.
func blocks(ids []int64) (list []blockCount) {
	for _, id := range ids {
		if n := len(list); n == 0 || list[n-1].block != id>>10 {
			list = append(list, blockCount{block: id >> 10})
		}
		list[len(list)-1].sims++
	}
	return list
}

// sqliteStep is one statement of a floor with its arguments.
type sqliteStep struct {
	text string
	args []any
}

func run(ctx context.Context, tx *sql.Tx, steps ...sqliteStep) error {
	for _, s := range steps {
		if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.text, err)
		}
	}
	return nil
}

// jobTx runs a transaction of a job and checkpoints as often as the store does.
func (f sqliteSQL) jobTx(ctx context.Context, do func(*sql.Tx) error) error {
	if err := f.tx(ctx, do); err != nil {
		return err
	}
	return f.committed(ctx)
}

func (f sqliteSQL) job(ctx context.Context, list []int64, from, to int64) (err error) {
	var job int64
	now := time.Now().UnixMicro()
	err = f.jobTx(ctx, func(tx *sql.Tx) (err error) {
		job, err = newJobSQLite(ctx, tx, now, list, from, to)
		return err
	})
	if err != nil {
		return err
	}
	err = f.jobTx(ctx, func(tx *sql.Tx) error {
		return run(ctx, tx, sqliteStep{"UPDATE jobs SET lease_owner = 'floor', lease_until = $2, attempt = attempt + 1 WHERE id = $1", []any{job, now}})
	})
	if err != nil {
		return err
	}
	for part := range slices.Collect(slices.Chunk(list, planSize)) {
		err := f.jobTx(ctx, func(tx *sql.Tx) error { return planPartSQLite(ctx, tx, job, part, list, from) })
		if err != nil {
			return err
		}
	}
	for n, some := range slices.Collect(slices.Chunk(list, chunk)) {
		last := (n+1)*chunk >= len(list)
		err := f.jobTx(ctx, func(tx *sql.Tx) error { return chunkSQLite(ctx, tx, job, some, from, to, last) })
		if err != nil {
			return err
		}
	}
	return nil
}

const newJob = `INSERT INTO jobs (kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
	created_at, part, position, done, wave, version, attempt, lease_owner, lease_until, next_at)
	VALUES ('migration', 'planning', '{}', 1, $2, $3, '{}', '{}', '', '', '', '', $1, 0, 0, 0, 0, 1, 0, '', $1, $1) RETURNING id`

const audited = `INSERT INTO audit (at, actor, user_id, address, request_id, action, code, subject, subject_id, ledger_id, detail, places)
	VALUES ($1, 1, 1, '', 'floor', $2, 0, 'job', $3, $4, '{}', '100,200') RETURNING id`

// newJobSQLite writes what a request for a job writes.
func newJobSQLite(ctx context.Context, tx *sql.Tx, now int64, list []int64, from, to int64) (job int64, err error) {
	if err := tx.QueryRowContext(ctx, newJob, now, from, to).Scan(&job); err != nil {
		return 0, err
	}
	steps := []sqliteStep{{"INSERT INTO job_sides (workspace_id, job_id, side) VALUES ($2, $1, 1)", []any{job, to}}}
	for part := range slices.Collect(slices.Chunk(list, planSize)) {
		steps = append(steps, sqliteStep{
			"INSERT INTO job_parts (job_id, part, selection) VALUES ($1, $2, $3)", []any{job, part, jsonArray(list[part*planSize : min((part+1)*planSize, len(list))])},
		})
	}
	if err := run(ctx, tx, steps...); err != nil {
		return 0, err
	}
	return job, auditSQLite(ctx, tx, now, "job.created", job, nil, from, to)
}

func auditSQLite(ctx context.Context, tx *sql.Tx, now int64, action string, job int64, entry any, from, to int64) error {
	var id int64
	if err := tx.QueryRowContext(ctx, audited, now, action, fmt.Sprint(job), entry).Scan(&id); err != nil {
		return err
	}
	return run(ctx, tx, sqliteStep{"INSERT INTO audit_places (workspace_id, audit_id) VALUES ($2, $1), ($3, $1)", []any{id, from, to}})
}

// planPartSQLite plans a part of a job, and begins the job with the last one.
func planPartSQLite(ctx context.Context, tx *sql.Tx, job int64, part int, list []int64, from int64) error {
	end := min((part+1)*planSize, len(list))
	ids := list[part*planSize : end]
	steps := []sqliteStep{
		{`INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
			SELECT $1, s.id, s.id, s.version, s.workspace_id, 0 FROM json_each($3) i CROSS JOIN sims s ON s.id = i.value WHERE s.workspace_id = $2`, []any{job, from, jsonArray(ids)}},
		{"INSERT INTO job_sides (workspace_id, job_id, side) VALUES ($2, $1, 0) ON CONFLICT DO NOTHING", []any{job, from}},
		{`INSERT INTO job_counts AS o (job_id, workspace_id, home_id, verdict, sims) VALUES ($1, $2, 0, 0, $3)
			ON CONFLICT (job_id, workspace_id, home_id, verdict) DO UPDATE SET sims = o.sims + excluded.sims`, []any{job, from, len(ids)}},
		{`INSERT INTO job_effects AS o (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after, sims)
			VALUES ($1, $2, 0, 0, '', 0, 0, 0, 0, $3)
			ON CONFLICT (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after)
			DO UPDATE SET sims = o.sims + excluded.sims`, []any{job, from, len(ids)}},
		{"UPDATE jobs SET part = part + 1, version = version + 1 WHERE id = $1", []any{job}},
	}
	if end == len(list) {
		steps = append(steps,
			sqliteStep{"DELETE FROM job_parts WHERE job_id = $1", []any{job}},
			sqliteStep{"UPDATE jobs SET state = 'running', etag = 'floor', planned_at = created_at, started_at = created_at WHERE id = $1", []any{job}})
	}
	return run(ctx, tx, steps...)
}

// chunkSQLite moves SIMs and records that.
func chunkSQLite(ctx context.Context, tx *sql.Tx, job int64, some []int64, from, to int64, last bool) error {
	ids := jsonArray(some)
	now := time.Now().UnixMicro()
	entry, err := moveSQLite(ctx, tx, ids, from, to)
	if err != nil {
		return err
	}
	steps := []sqliteStep{
		{"UPDATE job_sims SET verdict = 1, entry = $2 WHERE job_id = $1 AND pos IN (SELECT value FROM json_each($3)) AND verdict = 0", []any{job, entry, ids}},
		{"INSERT INTO job_entries (job_id, ledger_id) VALUES ($1, $2)", []any{job, entry}},
		{`INSERT INTO job_counts AS o (job_id, workspace_id, home_id, verdict, sims) VALUES ($1, $2, 0, 0, -$3), ($1, $2, 0, 1, $3)
			ON CONFLICT (job_id, workspace_id, home_id, verdict) DO UPDATE SET sims = o.sims + excluded.sims`, []any{job, from, len(some)}},
		{`UPDATE jobs SET done = done + $2, cursor = $3, version = version + 1, lease_until = $4,
			state = CASE WHEN $5 THEN 'completed' ELSE state END, next_at = CASE WHEN $5 THEN NULL ELSE $4 END WHERE id = $1`,
			[]any{job, len(some), some[len(some)-1], now, last}},
	}
	if last {
		steps = append(steps, sqliteStep{"DELETE FROM job_counts WHERE job_id = $1 AND sims = 0", []any{job}})
	}
	for _, b := range blocks(some) {
		steps = append(steps, sqliteStep{
			"INSERT INTO sim_tally_changes (workspace_id, status, block, sims) VALUES ($1, 0, $3, -$4), ($2, 0, $3, $4)", []any{from, to, b.block, b.sims},
		})
	}
	if err := run(ctx, tx, steps...); err != nil {
		return err
	}
	return auditSQLite(ctx, tx, now, "migration.run", job, entry, from, to)
}

// jobFunctions are the statements of a job for PostgreSQL, as functions in the database, so that
// each takes one round trip.
const jobFunctions = `
CREATE FUNCTION floor_audit(instant bigint, action text, job bigint, entry bigint, source bigint, target bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE written bigint;
BEGIN
	INSERT INTO audit (at, actor, user_id, address, request_id, action, code, subject, subject_id, ledger_id, detail, places)
	VALUES (instant, 1, 1, '', 'floor', action, 0, 'job', job, entry, '{}', '100,200') RETURNING id INTO written;
	INSERT INTO audit_places (workspace_id, audit_id) VALUES (source, written), (target, written);
END $$;
CREATE FUNCTION floor_new(parts text[], source bigint, target bigint, instant bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE job bigint;
BEGIN
	INSERT INTO jobs (kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
		created_at, part, position, done, wave, version, attempt, lease_owner, lease_until, next_at)
	VALUES ('migration', 'planning', '{}', 1, source, target, '{}', '{}', '', '', '', '', instant, 0, 0, 0, 0, 1, 0, '', instant, instant) RETURNING id INTO job;
	INSERT INTO job_sides (workspace_id, job_id, side) VALUES (target, job, 1);
	INSERT INTO job_parts (job_id, part, selection) SELECT job, p.n - 1, p.t FROM unnest(parts) WITH ORDINALITY AS p (t, n);
	PERFORM floor_audit(instant, 'job.created', job, NULL, source, target);
	RETURN job;
END $$;
CREATE FUNCTION floor_plan(job bigint, ids bigint[], source bigint, last boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT job, s.id, s.id, s.version, s.workspace_id, 0 FROM unnest(ids) t JOIN sims s ON s.id = t WHERE s.workspace_id = source;
	INSERT INTO job_sides (workspace_id, job_id, side) VALUES (source, job, 0) ON CONFLICT DO NOTHING;
	INSERT INTO job_counts AS o (job_id, workspace_id, home_id, verdict, sims) VALUES (job, source, 0, 0, cardinality(ids))
	ON CONFLICT (job_id, workspace_id, home_id, verdict) DO UPDATE SET sims = o.sims + excluded.sims;
	INSERT INTO job_effects AS o (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after, sims)
	VALUES (job, source, 0, 0, '', 0, 0, 0, 0, cardinality(ids))
	ON CONFLICT (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after)
	DO UPDATE SET sims = o.sims + excluded.sims;
	UPDATE jobs SET part = part + 1, version = version + 1 WHERE id = job;
	IF last THEN
		DELETE FROM job_parts WHERE job_id = job;
		UPDATE jobs SET state = 'running', etag = 'floor', planned_at = created_at, started_at = created_at WHERE id = job;
	END IF;
END $$;
CREATE FUNCTION floor_chunk(job bigint, ids bigint[], source bigint, target bigint, instant bigint, last boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE of_entry bigint;
BEGIN
	PERFORM floor_move(ids, source, target, instant);
	SELECT max(id) INTO of_entry FROM ledger;
	UPDATE job_sims SET verdict = 1, entry = of_entry WHERE job_id = job AND pos = ANY (ids) AND verdict = 0;
	INSERT INTO job_entries (job_id, ledger_id) VALUES (job, of_entry);
	INSERT INTO job_counts AS o (job_id, workspace_id, home_id, verdict, sims) VALUES (job, source, 0, 0, -cardinality(ids)), (job, source, 0, 1, cardinality(ids))
	ON CONFLICT (job_id, workspace_id, home_id, verdict) DO UPDATE SET sims = o.sims + excluded.sims;
	INSERT INTO sim_tally_changes (workspace_id, status, block, sims)
	SELECT v.workspace, 0, b.block, v.sign * b.sims
	FROM (SELECT i >> 10 AS block, count(*) AS sims FROM unnest(ids) i GROUP BY 1) b, (VALUES (source, -1), (target, 1)) AS v (workspace, sign);
	PERFORM floor_audit(instant, 'migration.run', job, of_entry, source, target);
	UPDATE jobs SET done = done + cardinality(ids), cursor = ids[cardinality(ids)], version = version + 1, lease_until = instant,
		state = CASE WHEN last THEN 'completed' ELSE state END, next_at = CASE WHEN last THEN NULL ELSE instant END WHERE id = job;
	IF last THEN
		DELETE FROM job_counts WHERE job_id = job AND sims = 0;
	END IF;
END $$`

func (f pgFloor) job(ctx context.Context, list []int64, from, to int64) error {
	var job int64
	var parts []string
	for ids := range slices.Chunk(list, planSize) {
		parts = append(parts, jsonArray(ids))
	}
	if err := f.pool.QueryRow(ctx, "SELECT floor_new($1, $2, $3, $4)", parts, from, to, time.Now().UnixMicro()).Scan(&job); err != nil {
		return err
	}
	if _, err := f.pool.Exec(ctx, "UPDATE jobs SET lease_owner = 'floor', lease_until = created_at, attempt = attempt + 1 WHERE id = $1", job); err != nil {
		return err
	}
	done := 0
	for ids := range slices.Chunk(list, planSize) {
		done += len(ids)
		if _, err := f.pool.Exec(ctx, "SELECT floor_plan($1, $2, $3, $4)", job, ids, from, done == len(list)); err != nil {
			return err
		}
	}
	done = 0
	for ids := range slices.Chunk(list, chunk) {
		done += len(ids)
		if _, err := f.pool.Exec(ctx, "SELECT floor_chunk($1, $2, $3, $4, $5, $6)", job, ids, from, to, time.Now().UnixMicro(), done == len(list)); err != nil {
			return fmt.Errorf("chunk of job %d: %w", job, err)
		}
	}
	return nil
}

package bench

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// The product plans and moves so many SIMs of a job in one transaction.
const (
	planned = 2500
	chunk   = 500
)

// jobFloor is a job without any rules: its plan, its chunks, verdicts, counts and progress.
type jobFloor interface {
	job(ctx context.Context, ids []int64, from, to int64) error
}

// chunkJobSQLite records a chunk: $1 is the job, $2 the entry, $3 the source, $4 the SIMs.
var chunkJobSQLite = []string{
	"UPDATE job_sims SET verdict = 1, entry = $2 WHERE job_id = $1 AND pos IN (SELECT value FROM json_each($4)) AND verdict = 0 AND $3 > 0",
	"INSERT INTO job_entries (job_id, ledger_id) SELECT $1, $2 WHERE $3 > 0 AND $4 <> ''",
	`UPDATE job_counts SET sims = sims + CASE verdict WHEN 1 THEN json_array_length($4) ELSE -json_array_length($4) END
	WHERE job_id = $1 AND workspace_id = $3 AND $2 > 0`,
	"UPDATE jobs SET done = done + json_array_length($4), cursor = json_extract($4, '$[#-1]'), version = version + 1 WHERE id = $1 AND $2 > 0 AND $3 > 0",
}

func (f sqliteSQL) job(ctx context.Context, list []int64, from, to int64) (err error) {
	var job int64
	now := time.Now().UnixMicro()
	for ids := range slices.Chunk(list, planned) {
		err := f.tx(ctx, func(tx *sql.Tx) (err error) {
			if job == 0 {
				job, err = newJobSQLite(ctx, tx, now, from, to)
			}
			for _, statement := range []string{
				`INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
				SELECT $1, s.id, s.id, s.version, s.workspace_id, 0 FROM json_each($3) i CROSS JOIN sims s ON s.id = i.value WHERE s.workspace_id = $2`,
				"UPDATE job_counts SET sims = sims + json_array_length($3) WHERE job_id = $1 AND workspace_id = $2 AND verdict = 0",
			} {
				if err == nil {
					_, err = tx.ExecContext(ctx, statement, job, from, text(ids))
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for some := range slices.Chunk(list, chunk) {
		ids := text(some)
		err := f.tx(ctx, func(tx *sql.Tx) error {
			entry, err := moveSQLite(ctx, tx, ids, from, to)
			for _, statement := range chunkJobSQLite {
				if err == nil {
					_, err = tx.ExecContext(ctx, statement, job, entry, from, ids)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const newJob = `INSERT INTO jobs (kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
	created_at, part, position, done, wave, version, attempt, lease_owner, lease_until)
	VALUES ('migration', 'completed', '{}', 1, $2, $3, '{}', '{}', '', '', '', '', $1, 0, 0, 0, 0, 1, 0, '', $1) RETURNING id`

func newJobSQLite(ctx context.Context, tx *sql.Tx, now, from, to int64) (job int64, err error) {
	if err := tx.QueryRowContext(ctx, newJob, now, from, to).Scan(&job); err != nil {
		return 0, err
	}
	for _, statement := range []string{
		"INSERT INTO job_sides (workspace_id, job_id, side) VALUES ($2, $1, 0), ($3, $1, 1)",
		"INSERT INTO job_counts (job_id, workspace_id, verdict, sims) VALUES ($1, $2, 0, 0), ($1, $2, 1, 0 * $3)",
	} {
		if _, err := tx.ExecContext(ctx, statement, job, from, to); err != nil {
			return 0, err
		}
	}
	return job, nil
}

// jobFunctions are the same for PostgreSQL, each one round trip.
const jobFunctions = `
CREATE FUNCTION floor_new(source bigint, target bigint, instant bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE job bigint;
BEGIN
	INSERT INTO jobs (kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
		created_at, part, position, done, wave, version, attempt, lease_owner, lease_until)
	VALUES ('migration', 'completed', '{}', 1, source, target, '{}', '{}', '', '', '', '', instant, 0, 0, 0, 0, 1, 0, '', instant) RETURNING id INTO job;
	INSERT INTO job_sides (workspace_id, job_id, side) VALUES (source, job, 0), (target, job, 1);
	INSERT INTO job_counts (job_id, workspace_id, verdict, sims) VALUES (job, source, 0, 0), (job, source, 1, 0);
	RETURN job;
END $$;
CREATE FUNCTION floor_plan(job bigint, ids bigint[], source bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT job, s.id, s.id, s.version, s.workspace_id, 0 FROM unnest(ids) t JOIN sims s ON s.id = t WHERE s.workspace_id = source;
	UPDATE job_counts SET sims = sims + cardinality(ids) WHERE job_id = job AND workspace_id = source AND verdict = 0;
END $$;
CREATE FUNCTION floor_chunk(job bigint, ids bigint[], source bigint, target bigint, instant bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE of_entry bigint;
BEGIN
	PERFORM floor_move(ids, source, target, instant);
	SELECT max(id) INTO of_entry FROM ledger;
	UPDATE job_sims SET verdict = 1, entry = of_entry WHERE job_id = job AND pos = ANY (ids) AND verdict = 0;
	INSERT INTO job_entries (job_id, ledger_id) VALUES (job, of_entry);
	UPDATE job_counts SET sims = sims + CASE verdict WHEN 1 THEN cardinality(ids) ELSE -cardinality(ids) END WHERE job_id = job AND workspace_id = source;
	UPDATE jobs SET done = done + cardinality(ids), cursor = ids[cardinality(ids)], version = version + 1 WHERE id = job;
END $$`

func (f pgFloor) job(ctx context.Context, list []int64, from, to int64) error {
	var job int64
	if err := f.pool.QueryRow(ctx, "SELECT floor_new($1, $2, $3)", from, to, time.Now().UnixMicro()).Scan(&job); err != nil {
		return err
	}
	for ids := range slices.Chunk(list, planned) {
		if _, err := f.pool.Exec(ctx, "SELECT floor_plan($1, $2, $3)", job, ids, from); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(list, chunk) {
		if _, err := f.pool.Exec(ctx, "SELECT floor_chunk($1, $2, $3, $4, $5)", job, ids, from, to, time.Now().UnixMicro()); err != nil {
			return fmt.Errorf("chunk of job %d: %w", job, err)
		}
	}
	return nil
}

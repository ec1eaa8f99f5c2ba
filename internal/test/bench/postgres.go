package bench

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// openPostgres makes a fleet of size SIMs in a throw-away PostgreSQL.
func openPostgres(b testing.TB, size int) *place {
	b.Helper()
	p := &place{url: pgtest.Database(b)}
	p.open(b, size)
	p.addFloor(b)
	return p
}

// openCopied does the same for a fleet so large that it takes COPY.
func openCopied(b *testing.B, size int) *place {
	b.Helper()
	p := &place{url: pgtest.Database(b)}
	p.open(b, 0)
	if err := copyFleet(b.Context(), p.url, size); err != nil {
		b.Fatal(err)
	}
	p.addFloor(b)
	return p
}

func (p *place) addFloor(b testing.TB) {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), p.url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	for _, functions := range []string{moveFunction, jobFunctions} {
		if _, err := pool.Exec(b.Context(), functions); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := pool.Exec(b.Context(), "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	p.floor = pgFloor{pool}
}

type pgFloor struct{ pool *pgxpool.Pool }

// moveFunction is the row changes of a migration as one hand-written function: one round
// trip, no locks but those of the UPDATE, no answer but the count.
const moveFunction = `
CREATE FUNCTION floor_move(ids bigint[], source bigint, target bigint, instant bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE entry bigint; moved bigint;
BEGIN
	INSERT INTO ledger (uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta)
	VALUES ('floor ' || instant, 1, instant, 1, target, cardinality(ids), 1, 0, 0) RETURNING id INTO entry;
	INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before)
	SELECT s.id, s.version + 1, entry, t.n, s.workspace_id, target, s.status, CASE s.status WHEN 1 THEN 2 ELSE s.status END, s.device_id
	FROM unnest(ids) WITH ORDINALITY AS t (id, n) JOIN sims s ON s.id = t.id WHERE s.workspace_id = source;
	INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
	SELECT instant, 50, 2, 0, source, 1, s.id, s.device_id, entry, 'SIM ' || s.id || ' released from endpoint ' || s.device_id
	FROM sims s WHERE s.id = ANY (ids) AND s.device_id IS NOT NULL;
	INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
	SELECT instant, 9, 2, 0, source, 1, s.id, s.device_id, entry, 'Status of SIM changed from ''Activated'' to ''Suspended'''
	FROM sims s WHERE s.id = ANY (ids) AND s.status = 1;
	UPDATE sims SET workspace_id = target, status = CASE status WHEN 1 THEN 2 ELSE status END, device_id = NULL, version = version + 1
	WHERE id = ANY (ids) AND workspace_id = source;
	GET DIAGNOSTICS moved = ROW_COUNT;
	INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) VALUES (source, entry, 0, moved), (target, entry, 1, moved);
	INSERT INTO events (at, type, source, severity, workspace_id, user_id, ledger_id, description)
	VALUES (instant, 69, 2, 0, source, 1, entry, 'SIMs migrated to workspace'), (instant, 69, 2, 0, target, 1, entry, 'SIMs migrated from workspace');
	RETURN moved;
END $$`

func (f pgFloor) move(ctx context.Context, ids []int64, from, to int64) error {
	var moved int64
	return f.pool.QueryRow(ctx, "SELECT floor_move($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)", ids, from, to).Scan(&moved)
}

func (f pgFloor) read(ctx context.Context, iccids []string) error {
	rows, err := f.pool.Query(ctx, `
		SELECT s.id, s.iccid, s.status, w.id, w.name, s.device_id, d.name
		FROM sims s JOIN workspaces w ON w.id = s.workspace_id LEFT JOIN devices d ON d.id = s.device_id
		WHERE s.iccid = ANY ($1) AND s.status <> 3`, iccids)
	if err != nil {
		return err
	}
	defer rows.Close()
	return encodeShown(rows)
}

func (f pgFloor) reset(ctx context.Context, ids []int64, in int64, busy bool) error {
	_, err := f.pool.Exec(ctx, `
		UPDATE sims SET workspace_id = $2::bigint, status = CASE WHEN $3::boolean THEN 1 ELSE 0 END,
			device_id = CASE WHEN $3::boolean THEN $2::bigint * 10000 + (id - $4::bigint) END
		WHERE id = ANY ($1)`, ids, in, busy, ids[0])
	return err
}

package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// copyFleet makes a fleet of n SIMs with COPY. Indexes and foreign keys of sims are rebuilt
// afterwards, as set operations. It is many times as fast as an import, and for an unused
// database.
func copyFleet(ctx context.Context, url string, n int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	restore, err := strip(ctx, conn)
	if err != nil {
		return err
	}
	delta, ids, err := copySIMs(ctx, conn, n)
	if err != nil {
		return err
	}
	for _, text := range restore {
		if _, err := conn.Exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	_, err = conn.Exec(ctx, `
		INSERT INTO ledger (uid, kind, at, sims, detach_devices, delta, ids_delta) VALUES ($1, 0, $2, $3, 0, $4, $5)`,
		uuid.NewString(), time.Now().UnixMicro(), n, int64(delta), int64(ids))
	if err != nil {
		return err
	}
	return tally(ctx, conn)
}

// strip drops indexes and triggers that slow a COPY down, and returns the statements that create
// them again.
func strip(ctx context.Context, conn *pgx.Conn) (restore []string, err error) {
	rows, err := conn.Query(ctx, `
		SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indrelid = 'sims'::regclass AND NOT indisprimary
		UNION ALL
		SELECT 'ALTER TABLE sims DROP CONSTRAINT ' || conname, 'ALTER TABLE sims ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
		FROM pg_constraint WHERE conrelid = 'sims'::regclass AND contype = 'f'`)
	if err != nil {
		return nil, err
	}
	var drop []string
	var gone, back string
	if _, err := pgx.ForEachRow(rows, []any{&gone, &back}, func() error {
		drop, restore = append(drop, gone), append(restore, back)
		return nil
	}); err != nil {
		return nil, err
	}
	for _, text := range drop {
		if _, err := conn.Exec(ctx, text); err != nil {
			return nil, err
		}
	}
	return restore, nil
}

// copySIMs returns the import's share of the checksum and of the set of ids.
func copySIMs(ctx context.Context, conn *pgx.Conn, n int) (delta, ids uint64, err error) {
	id := 0
	produced := time.Unix(1_700_000_000, 0).UnixMicro()
	next := func() ([]any, error) {
		if id == n {
			return nil, nil
		}
		id++
		s := fleet.SIMState{ID: fleet.SIMID(id), Status: someStatus(id), Workspace: left}
		delta ^= fleet.Checksum(s)
		ids ^= fleet.Checksum(fleet.SIMState{ID: s.ID})
		return []any{
			int64(id), string(iccid(id)), "", fmt.Sprintf("29505%010d", id), fmt.Sprintf("42366%010d", id), int16(s.Status),
			int64(left), int64(issuer), produced, int64(0), seal(id),
		}, nil
	}
	columns := []string{"id", "iccid", "eid", "imsi", "msisdn", "status", "workspace_id", "issuer_id", "produced_at", "version", "seal"}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"sims"}, columns, pgx.CopyFromFunc(next))
	return delta, ids, err
}

// seal returns the seal of the SIM which copySIMs makes.
func seal(id int) int64 {
	return store.Seal(fleet.SIM{
		ID: fleet.SIMID(id), ICCID: iccid(id), IMSI: fmt.Sprintf("29505%010d", id), MSISDN: fmt.Sprintf("42366%010d", id),
		Issuer: issuer, Produced: time.Unix(1_700_000_000, 0),
	})
}

// someStatus suspends every eighth SIM, so that a list by status has something to leave out.
func someStatus(id int) fleet.SIMStatus {
	if id%8 == 0 {
		return fleet.SIMSuspended
	}
	return fleet.SIMIssued
}

func tally(ctx context.Context, conn *pgx.Conn) error {
	for _, text := range []string{
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
		SELECT workspace_id, 1, status, id >> 10, count(*) FROM sims GROUP BY 1, 3, 4`,
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
		SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 GROUP BY 1, 3, 4`,
		`VACUUM ANALYZE`,
	} {
		if _, err := conn.Exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

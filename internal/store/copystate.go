package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// copyState is what the mark stores: what identifies the source, and how far the target is.
type copyState struct {
	Numbers map[string]int64 `json:"numbers"` // the last id of each table that assigns ids
	Audit   int64            `json:"audit"`   // the last link of the audit log
	Created int64            `json:"created"` // of the oldest signing key, or 0
}

// sourceState returns what tells a source from others, and from itself before it changed.
func (c *copier) sourceState(ctx context.Context) (string, error) {
	var s copyState
	var err error
	if s.Numbers, err = c.source.numbers(ctx); err != nil {
		return "", err
	}
	if s.Audit, err = c.source.number(ctx, "SELECT COALESCE(MAX(seq), 0) FROM audit"); err != nil {
		return "", err
	}
	if s.Created, err = c.source.number(ctx, "SELECT COALESCE(MIN(created_at), 0) FROM signing_keys"); err != nil {
		return "", err
	}
	text, err := json.Marshal(s) // maps are in the order of their keys
	return string(text), err
}

// begin makes the mark and the schema in an empty target, or accepts a target that has them.
func (e *copyEnd) begin(ctx context.Context, state string) error {
	tables := "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
	marked := "SELECT count(*) FROM sqlite_master WHERE name = '" + copyMark + "'"
	if e.dialect() == Postgres {
		tables = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
		marked = "SELECT count(to_regclass('" + copyMark + "'))"
	}
	mark, err := e.number(ctx, marked)
	if err != nil {
		return err
	}
	if mark == 0 {
		n, err := e.number(ctx, tables)
		if err != nil {
			return err
		}
		if n > 0 {
			return errors.New("the database is not empty: create an empty one, or name a file that does not exist")
		}
		// One statement, so that there is no mark without the state.
		if _, err := e.db.ExecContext(ctx, "CREATE TABLE "+copyMark+" AS SELECT CAST('"+state+"' AS TEXT) AS source, 0 AS cleared"); err != nil {
			return err
		}
	}
	rows, err := e.query(ctx, "SELECT source FROM "+copyMark)
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0][0] != state {
		return errors.New("it is the beginning of a copy of another database, or of the source before it changed: copy into an empty database")
	}
	if e.dialect() == Postgres {
		bare, ok := e.engine.(readOnlyEngine).engine.(*pgEngine) //nolint:forcetypeassert // openCopyPostgres made it
		if !ok {
			return errors.New("the engine is not PostgreSQL")
		}
		return bare.migrate(ctx)
	}
	return e.steps.apply(ctx, e.pool, false)
}

// clear removes the rows that the schema steps have made, once.
func (e *copyEnd) clear(ctx context.Context, tables []copyTable) error {
	cleared, err := e.number(ctx, "SELECT CAST(cleared AS BIGINT) FROM "+copyMark)
	if err != nil || cleared != 0 {
		return err
	}
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for i := len(tables) - 1; i >= 0; i-- {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+tables[i].name); err != nil { //nolint:gosec // a name of the schema
			return err
		}
	}
	if err := e.stopTriggers(ctx, tx, tables); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE "+copyMark+" SET cleared = 1"); err != nil {
		return err
	}
	return tx.Commit()
}

// stopTriggers makes triggers do nothing in the target: what they have written is copied.
// PostgreSQL can disable them, SQLite cannot.
func (e *copyEnd) stopTriggers(ctx context.Context, tx *sql.Tx, tables []copyTable) error {
	if e.dialect() == Postgres {
		for _, t := range tables {
			if _, err := tx.ExecContext(ctx, "ALTER TABLE "+t.name+" DISABLE TRIGGER USER"); err != nil {
				return err
			}
		}
		return nil
	}
	rows, err := readRows(ctx, tx, "SELECT name FROM sqlite_master WHERE type = 'trigger'", nil)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if name, ok := r[0].(string); ok {
			if _, err := tx.ExecContext(ctx, "DROP TRIGGER "+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// startTriggers undoes stopTriggers.
func (e *copyEnd) startTriggers(ctx context.Context, tables []copyTable) error {
	texts := make([]string, 0, len(tables))
	if e.dialect() == Postgres {
		for _, t := range tables {
			texts = append(texts, "ALTER TABLE "+t.name+" ENABLE TRIGGER USER")
		}
	} else {
		err := FreshSchema(ctx, func(r Reader) error {
			return r.QueryEach(ctx, "SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name", nil, func(row Row) error {
				var text string
				err := row.Scan(&text)
				texts = append(texts, text)
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if e.dialect() == SQLite {           // those that an earlier attempt has made
		if err := e.stopTriggers(ctx, tx, tables); err != nil {
			return err
		}
	}
	for _, text := range texts {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return tx.Commit()
}

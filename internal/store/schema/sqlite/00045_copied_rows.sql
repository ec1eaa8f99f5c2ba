-- +goose Up

-- How many rows a table had when it was copied from PostgreSQL, and the highest id that had been
-- assigned. PostgreSQL leaves gaps between ids, so that fsck cannot expect a row for each of them.
-- The table is empty in a database that is not such a copy.
CREATE TABLE copied_rows (
    name    TEXT NOT NULL PRIMARY KEY,
    last_id INTEGER NOT NULL,
    copied  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

-- +goose Up

-- How many rows a table had when it was copied from PostgreSQL to SQLite, and the highest id that
-- had been assigned. Always empty here.
CREATE TABLE copied_rows (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    last_id BIGINT NOT NULL,
    copied  BIGINT NOT NULL
);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

-- +goose Up

-- The Workspaces whose SIMs a stored refusal names, as in '100,200'; '' for none. NULL if an
-- earlier version stored the reply.
ALTER TABLE idempotency ADD COLUMN workspaces TEXT;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

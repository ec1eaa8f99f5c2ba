-- +goose Up

-- The last link of the audit log's chain, kept apart from the entries: without it nobody could
-- see that entries were removed or unlinked at the end. Every entry that was committed before
-- at has its link. There is one row.
CREATE TABLE audit_head (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BYTEA  NOT NULL,
    at   BIGINT NOT NULL
);
INSERT INTO audit_head (id, seq, hash, at)
SELECT 1, COALESCE(max(l.seq), 0), COALESCE((array_agg(l.hash))[1], decode(repeat('00', 32), 'hex')), COALESCE(max(l.at), 0)
FROM (SELECT a.seq, a.hash, a.at FROM audit a WHERE a.seq IS NOT NULL ORDER BY a.seq DESC LIMIT 1) l;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd

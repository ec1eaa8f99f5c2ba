-- +goose Up

-- The last link of the hash chain of the audit log. It is stored apart from the entries, because
-- otherwise nothing would show that entries at the end were removed or unlinked. Every entry that
-- was committed before at is linked. The table has one row.
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
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

-- +goose Up

-- The last link of the hash chain of the audit log. It is stored apart from the entries, because
-- otherwise nothing would show that entries at the end were removed or unlinked. Every entry that
-- was committed before at is linked. The table has one row.
CREATE TABLE audit_head (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL,
    at   INTEGER NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, hash, at) VALUES (1, 0, zeroblob(32), 0);
UPDATE audit_head SET (seq, hash, at) = (SELECT a.seq, a.hash, a.at FROM audit a WHERE a.seq IS NOT NULL ORDER BY a.seq DESC LIMIT 1)
WHERE EXISTS (SELECT 1 FROM audit a WHERE a.seq IS NOT NULL);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

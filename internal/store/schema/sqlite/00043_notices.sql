-- +goose Up

-- Mails about offers and jobs that wait, written by the transaction that causes them. The text is
-- written when the mail is sent, from what its recipient may see then. They are not in the table
-- mails, because a server of an earlier version would send them as password resets. kind is that
-- of package fleet, subject_id the offer or job, and part the number of a reminder. due_at,
-- attempts and done are as in mails.
CREATE TABLE notices (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uid          TEXT NOT NULL,
    kind         TEXT NOT NULL,
    subject_id   INTEGER NOT NULL,
    part         INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    done         INTEGER NOT NULL CHECK (done BETWEEN 0 AND 2)
) STRICT;
CREATE UNIQUE INDEX notices_once ON notices (kind, subject_id, part, workspace_id, user_id);
CREATE INDEX notices_due ON notices (due_at) WHERE done = 0;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

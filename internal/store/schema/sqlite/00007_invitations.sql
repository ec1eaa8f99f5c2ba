-- +goose Up

-- When a user was invited to the Workspace, and the name in the invitation. NULL once the user has
-- accepted.
ALTER TABLE memberships ADD COLUMN invited_at INTEGER;
ALTER TABLE memberships ADD COLUMN invited_name TEXT;

-- The e-mail address of a deleted user, whose row is kept for the ledger and the audit log; NULL
-- for other users.
ALTER TABLE users ADD COLUMN former_username TEXT;

CREATE INDEX memberships_workspace ON memberships (workspace_id, user_id);

-- Hashes of keys with which a user sets a password: of invitations (0) and resets (1). epoch is the
-- user's session_epoch when the key was made: a password that is set later makes the key invalid.
-- shown is 1 if the inviter has seen the key.
CREATE TABLE activation_keys (
    hash         BLOB    NOT NULL PRIMARY KEY,
    kind         INTEGER NOT NULL CHECK (kind IN (0, 1)),
    user_id      INTEGER NOT NULL REFERENCES users (id),
    workspace_id INTEGER,
    epoch        INTEGER NOT NULL,
    shown        INTEGER NOT NULL CHECK (shown IN (0, 1)),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX activation_keys_user ON activation_keys (user_id);

-- Mails, inserted by the transaction that causes them. secret is the activation key in the mail; it
-- is erased as soon as the mail is delivered or given up. due_at is when the next attempt is due;
-- the server that makes it sets a later time, so that no other server makes it too. done is 0 if
-- the mail waits, 1 if it was delivered and 2 if it was given up.
CREATE TABLE mails (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uid            TEXT    NOT NULL,
    kind           INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    recipient      TEXT    NOT NULL,
    recipient_name TEXT    NOT NULL,
    workspace      TEXT    NOT NULL,
    sender         TEXT    NOT NULL,
    secret         TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    done           INTEGER NOT NULL CHECK (done BETWEEN 0 AND 2)
) STRICT;
CREATE INDEX mails_due ON mails (due_at) WHERE done = 0;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

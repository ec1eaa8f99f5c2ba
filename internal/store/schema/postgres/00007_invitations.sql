-- +goose NO TRANSACTION
-- +goose Up

-- Each block is a transaction of its own that may be repeated (see pgEngine.migrate), so that this
-- step never holds a lock on users or memberships while it waits for the other.

-- When a user was invited to the Workspace, and the name in the invitation. NULL once the user has
-- accepted.
-- +goose StatementBegin
SET LOCAL lock_timeout = '2s';
ALTER TABLE memberships ADD COLUMN IF NOT EXISTS invited_at BIGINT, ADD COLUMN IF NOT EXISTS invited_name TEXT COLLATE "C";
CREATE INDEX IF NOT EXISTS memberships_workspace ON memberships (workspace_id, user_id);
-- +goose StatementEnd

-- The e-mail address of a deleted user, whose row is kept for the ledger and the audit log; NULL
-- for other users. activation_keys has the hashes of keys with which a user sets a password: of
-- invitations (0) and resets (1). epoch is the user's session_epoch when the key was made: a
-- password that is set later makes the key invalid. shown is 1 if the inviter has seen the key.
-- +goose StatementBegin
SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN IF NOT EXISTS former_username TEXT COLLATE "C";
CREATE TABLE IF NOT EXISTS activation_keys (
    hash         BYTEA    NOT NULL PRIMARY KEY,
    kind         SMALLINT NOT NULL CHECK (kind IN (0, 1)),
    user_id      BIGINT   NOT NULL REFERENCES users (id),
    workspace_id BIGINT,
    epoch        BIGINT   NOT NULL,
    shown        SMALLINT NOT NULL CHECK (shown IN (0, 1)),
    created_at   BIGINT   NOT NULL,
    expires_at   BIGINT   NOT NULL
);
CREATE INDEX IF NOT EXISTS activation_keys_user ON activation_keys (user_id);
-- +goose StatementEnd

-- Mails, inserted by the transaction that causes them. secret is the activation key in the mail; it
-- is erased as soon as the mail is delivered or given up. due_at is when the next attempt is due;
-- the server that makes it sets a later time, so that no other server makes it too. done is 0 if
-- the mail waits, 1 if it was delivered and 2 if it was given up.
CREATE TABLE IF NOT EXISTS mails (
    id             BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid            TEXT COLLATE "C" NOT NULL,
    kind           SMALLINT NOT NULL CHECK (kind BETWEEN 0 AND 2),
    recipient      TEXT COLLATE "C" NOT NULL,
    recipient_name TEXT COLLATE "C" NOT NULL,
    workspace      TEXT COLLATE "C" NOT NULL,
    sender         TEXT COLLATE "C" NOT NULL,
    secret         TEXT COLLATE "C" NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    done           SMALLINT NOT NULL CHECK (done BETWEEN 0 AND 2)
);
CREATE INDEX IF NOT EXISTS mails_due ON mails (due_at) WHERE done = 0;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

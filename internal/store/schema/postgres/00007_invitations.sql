-- +goose NO TRANSACTION
-- +goose Up

-- This holds neither users nor memberships while it waits for the other, in whichever order
-- requests take them: each block is a transaction, and may be done again (see pgEngine.migrate).

-- A membership that an Administrator has made and the user has not entered yet: since when,
-- and the name that was given with it. NULL once the user has entered the Workspace.
-- +goose StatementBegin
SET LOCAL lock_timeout = '2s';
ALTER TABLE memberships ADD COLUMN IF NOT EXISTS invited_at BIGINT, ADD COLUMN IF NOT EXISTS invited_name TEXT COLLATE "C";
CREATE INDEX IF NOT EXISTS memberships_workspace ON memberships (workspace_id, user_id);
-- +goose StatementEnd

-- A deleted user: the row stays for what the user did, under the address of before. NULL
-- for everybody else. activation_keys is what lets somebody set a password without having
-- one, by its hash: an invitation (0) or a reset (1). epoch is the user's session_epoch at
-- the time: a password that was set since voids the key. shown tells that the inviter has
-- seen it.
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

-- Mails, written by the transaction that causes them. secret is the activation key that
-- goes into the mail, blanked as soon as the mail is delivered or given up. due_at is when
-- a server may try next; whoever tries moves it on, so that no other does meanwhile. done
-- is 0 for waiting, 1 for delivered, 2 for given up.
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
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd

-- +goose Up

-- Sign-ins of terminals that a user approves in the console. decision is 0 while a sign-in waits, 1
-- if it was approved and 2 if it was refused. hash is that of the secret that the terminal has.
-- user_id is the user who decided, and epoch the session_epoch of that user then; both are NULL
-- before.
CREATE TABLE terminal_sign_ins (
    hash       BYTEA    NOT NULL PRIMARY KEY,
    user_code  TEXT COLLATE "C" NOT NULL,
    agent      TEXT COLLATE "C" NOT NULL,
    address    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT   NOT NULL,
    expires_at BIGINT   NOT NULL,
    decision   SMALLINT NOT NULL DEFAULT 0,
    user_id    BIGINT REFERENCES users (id),
    epoch      BIGINT
);
CREATE UNIQUE INDEX terminal_sign_ins_code ON terminal_sign_ins (user_code);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

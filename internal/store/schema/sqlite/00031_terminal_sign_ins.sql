-- +goose Up

-- Sign-ins of terminals that a user approves in the console. decision is 0 while a sign-in waits, 1
-- if it was approved and 2 if it was refused. hash is that of the secret that the terminal has.
-- user_id is the user who decided, and epoch the session_epoch of that user then; both are NULL
-- before.
CREATE TABLE terminal_sign_ins (
    hash       BLOB    NOT NULL PRIMARY KEY,
    user_code  TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decision   INTEGER NOT NULL DEFAULT 0,
    user_id    INTEGER REFERENCES users (id),
    epoch      INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX terminal_sign_ins_code ON terminal_sign_ins (user_code);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

-- +goose Up

-- Sign-ins of terminals that wait for a person to approve them in the console. decision is 0 while
-- one waits, 1 if it is approved and 2 if it is refused.
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
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');

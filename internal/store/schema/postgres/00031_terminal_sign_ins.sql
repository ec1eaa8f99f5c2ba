-- +goose Up

-- Sign-ins of terminals that wait for a person to approve them in the console. decision is 0 while
-- one waits, 1 if it is approved and 2 if it is refused.
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
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd

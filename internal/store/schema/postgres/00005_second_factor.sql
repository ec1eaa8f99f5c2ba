-- +goose Up

-- The second factor of a user, at most one. last_step is the time step of the last accepted code: a
-- code of that step or an earlier one is a replay.
CREATE TABLE second_factors (
    id         BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    type       SMALLINT NOT NULL CHECK (type = 0),
    status     SMALLINT NOT NULL CHECK (status IN (0, 1)),
    secret     BYTEA  NOT NULL,
    last_step  BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX second_factors_user ON second_factors (user_id);

-- Devices on which a user need not enter a code. The fingerprint is stored hashed.
CREATE TABLE trusted_devices (
    id               BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id          BIGINT NOT NULL REFERENCES users (id),
    fingerprint      BYTEA  NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    operating_system TEXT COLLATE "C" NOT NULL,
    browser          TEXT COLLATE "C" NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX trusted_devices_user ON trusted_devices (user_id, fingerprint);

-- Sign-ins with a correct password that wait for a code, by the hash of their mfa_token.
CREATE TABLE pending_sign_ins (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    epoch      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Sessions that were signed out, or that ended because a refresh token was used twice. A row is
-- kept as long as an access token of the session could be valid.
CREATE TABLE ended_sessions (
    family     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id, workspace_id);

-- key_id is the key that signed the token. The key is kept as long as the token can be valid. NULL
-- if a server of an earlier version issued the token.
ALTER TABLE application_tokens ADD COLUMN key_id TEXT COLLATE "C";
ALTER TABLE application_tokens ADD COLUMN created_by BIGINT;
UPDATE application_tokens SET key_id = (SELECT MIN(id) FROM signing_keys) WHERE (SELECT COUNT(*) FROM signing_keys) = 1;
CREATE INDEX application_tokens_workspace ON application_tokens (workspace_id, id);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

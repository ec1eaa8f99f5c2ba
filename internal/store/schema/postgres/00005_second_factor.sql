-- +goose Up

-- A user's second factor: one at most. last_step is the step of the last code that was
-- accepted: what is not above it is a replay.
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

-- Devices on which a user is not asked for a code; the fingerprint is stored hashed.
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

-- A sign-in whose password was right and whose code is still to come, by the hash of its
-- mfa_token.
CREATE TABLE pending_sign_ins (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    epoch      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Sessions that were signed out, or ended because a refresh token was used twice. A row is
-- kept as long as a bearer of the session could be valid.
CREATE TABLE ended_sessions (
    family     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id, workspace_id);

-- key_id is the key that signed the token: as long as the token lives, that key stays. NULL
-- is not known: a server of an earlier version made it.
ALTER TABLE application_tokens ADD COLUMN key_id TEXT COLLATE "C";
ALTER TABLE application_tokens ADD COLUMN created_by BIGINT;
UPDATE application_tokens SET key_id = (SELECT MIN(id) FROM signing_keys) WHERE (SELECT COUNT(*) FROM signing_keys) = 1;
CREATE INDEX application_tokens_workspace ON application_tokens (workspace_id, id);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd

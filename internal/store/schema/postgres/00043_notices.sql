-- +goose Up

-- Mails about offers and jobs that wait, written by the transaction that causes them. The text is
-- written when the mail is sent, from what its recipient may see then. They are not in the table
-- mails, because a server of an earlier version would send them as password resets. kind is that
-- of package fleet, subject_id the offer or job, and part the number of a reminder. due_at,
-- attempts and done are as in mails.
CREATE TABLE notices (
    id           BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid          TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    subject_id   BIGINT NOT NULL,
    part         SMALLINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    user_id      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    done         SMALLINT NOT NULL CHECK (done BETWEEN 0 AND 2)
);
CREATE UNIQUE INDEX notices_once ON notices (kind, subject_id, part, workspace_id, user_id);
CREATE INDEX notices_due ON notices (due_at) WHERE done = 0;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

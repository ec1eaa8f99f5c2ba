-- +goose Up

-- Requests for SIMs, as the Workspace that asks sees them. Nothing here depends on which SIMs
-- exist, except the offers that were made for a request. state is that of package fleet; a request
-- that is open expires at expires_at without a change of its row. due_at is when a server looks up
-- the owners of the SIMs; NULL after that.
CREATE TABLE sim_requests (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    state        TEXT NOT NULL,
    reference    TEXT NOT NULL,
    reason       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    due_at       INTEGER,
    iccids       INTEGER NOT NULL
) STRICT;
CREATE INDEX sim_requests_workspace ON sim_requests (workspace_id, id);
CREATE INDEX sim_requests_due ON sim_requests (due_at) WHERE due_at IS NOT NULL;

-- The ICCIDs of a request, whether there are such SIMs or not. offer_id is the offer that was made
-- for the request and has the SIM.
CREATE TABLE sim_request_iccids (
    request_id INTEGER NOT NULL,
    iccid      TEXT NOT NULL,
    offer_id   INTEGER,
    PRIMARY KEY (request_id, iccid)
) STRICT, WITHOUT ROWID;

-- Requests as the owners of SIMs see them: one row for each Workspace that owned SIMs of the
-- request when they were looked up. An inquiry is known by the id of its request: a number of its
-- own would show how many inquiries other requests have led to. offer_id is the offer that it
-- became. Such an offer has the receiving code 0.
CREATE TABLE inquiries (
    workspace_id INTEGER NOT NULL,
    request_id   INTEGER NOT NULL,
    state        TEXT NOT NULL,
    sims         INTEGER NOT NULL,
    decided_at   INTEGER,
    decided_by   INTEGER,
    offer_id     INTEGER,
    PRIMARY KEY (workspace_id, request_id)
) STRICT, WITHOUT ROWID;

-- The SIMs of an inquiry. Those that have left the Workspace since are not shown.
CREATE TABLE inquiry_sims (
    request_id   INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    sim_id       INTEGER NOT NULL,
    PRIMARY KEY (request_id, workspace_id, sim_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

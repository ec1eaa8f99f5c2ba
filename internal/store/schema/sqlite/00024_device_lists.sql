-- +goose Up

-- Filters of the list of devices, for Workspaces with very many devices.
CREATE INDEX devices_name ON devices (workspace_id, name);
CREATE INDEX devices_imei ON devices (workspace_id, imei);
CREATE INDEX devices_ip_address ON devices (workspace_id, ip_address);

-- Changes of list_tally that are not yet applied, for lists whose rows can change. List 7 counts
-- the devices of Workspace key with status sub. The true count is the sum of both tables. Triggers
-- write it, so that it is also right while servers of earlier versions run.
CREATE TABLE list_changes (
    id    INTEGER NOT NULL PRIMARY KEY,
    list  INTEGER NOT NULL,
    key   INTEGER NOT NULL,
    sub   INTEGER NOT NULL,
    block INTEGER NOT NULL,
    items INTEGER NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER devices_added AFTER INSERT ON devices BEGIN
    INSERT INTO list_changes (list, key, sub, block, items) VALUES (7, NEW.workspace_id, NEW.status, NEW.id >> 12, 1);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER devices_changed AFTER UPDATE ON devices WHEN OLD.workspace_id <> NEW.workspace_id OR OLD.status <> NEW.status BEGIN
    INSERT INTO list_changes (list, key, sub, block, items) VALUES
        (7, OLD.workspace_id, OLD.status, OLD.id >> 12, -1), (7, NEW.workspace_id, NEW.status, NEW.id >> 12, 1);
END;
-- +goose StatementEnd

INSERT INTO list_tally (list, key, sub, block, items, first_at, last_at)
SELECT 7, workspace_id, status, id >> 12, count(*), 0, 0 FROM devices GROUP BY 2, 3, 4;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');

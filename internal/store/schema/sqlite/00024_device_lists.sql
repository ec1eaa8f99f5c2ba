-- +goose Up

-- The filters of the list of devices, for a Workspace that has very many.
CREATE INDEX devices_name ON devices (workspace_id, name);
CREATE INDEX devices_imei ON devices (workspace_id, imei);
CREATE INDEX devices_ip_address ON devices (workspace_id, ip_address);

-- What has changed in list_tally, for lists whose rows change: list 7 counts the devices of the
-- Workspace key with status sub. The truth is the sum of both. Triggers write it, so that the
-- servers of earlier versions do, too.
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
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');

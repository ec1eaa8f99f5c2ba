-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Filters of the list of devices, for Workspaces with very many devices.
CREATE INDEX devices_name ON devices (workspace_id, name);
CREATE INDEX devices_imei ON devices (workspace_id, imei);
CREATE INDEX devices_ip_address ON devices (workspace_id, ip_address);

-- Changes of list_tally that are not yet applied, for lists whose rows can change. List 7 counts
-- the devices of Workspace key with status sub. The true count is the sum of both tables. Triggers
-- write it, so that it is also right while servers of earlier versions run.
CREATE TABLE list_changes (
    id    BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list  SMALLINT NOT NULL,
    key   BIGINT NOT NULL,
    sub   BIGINT NOT NULL,
    block BIGINT NOT NULL,
    items BIGINT NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION count_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO list_changes (list, key, sub, block, items)
        SELECT 7, workspace_id, status, id >> 12, count(*) FROM added GROUP BY 2, 3, 4;
    ELSE
        INSERT INTO list_changes (list, key, sub, block, items)
        SELECT 7, workspace_id, status, block, sum(n) FROM (
            SELECT workspace_id, status, id >> 12 AS block, 1 AS n FROM added
            UNION ALL SELECT workspace_id, status, id >> 12, -1 FROM removed
        ) u GROUP BY 2, 3, 4 HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER devices_added AFTER INSERT ON devices
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_devices();
CREATE TRIGGER devices_changed AFTER UPDATE ON devices
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_devices();

INSERT INTO list_tally (list, key, sub, block, items, first_at, last_at)
SELECT 7, workspace_id, status, id >> 12, count(*), 0, 0 FROM devices GROUP BY 2, 3, 4;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd

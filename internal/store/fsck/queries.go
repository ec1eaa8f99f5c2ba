package fsck

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/store"
)

const tallyInvariant = "tally"

// question is a check in a single SQL query, which returns the faults.
type question struct {
	key, invariant, name string
	what, size           string // the kind of objects, and the query for their number
	kind                 string // of the object of a fault
	faults               string // returns the object's id and a description of the fault
}

// queries runs all questions.
func (f *checker) queries(ctx context.Context) error {
	for _, q := range slices.Concat(questions, jobQuestions, offerQuestions) {
		c := Check{Key: q.key, Invariant: q.invariant, Name: q.name}
		err := c.timed(func() error { return f.ask(ctx, q, &c) })
		if err != nil {
			return err
		}
		f.done = append(f.done, c)
	}
	return nil
}

func (f *checker) ask(ctx context.Context, q question, c *Check) error {
	var n int64
	if _, err := f.db.QueryRow(ctx, "SELECT count(*) FROM "+q.size, nil, &n); err != nil {
		return err
	}
	c.count(q.what, n)
	return f.db.QueryEach(ctx, q.faults, nil, func(r store.Row) error {
		var id int64
		var what string
		err := r.Scan(&id, &what)
		c.fail(q.kind, id, "%s", what)
		return err
	})
}

var questions = []question{
	{
		"iccids", "I1", "an ICCID is that of one SIM that is not deleted", "SIMs", "sims WHERE status <> " + deletedSIM, "SIM",
		`SELECT min(id), 'its ICCID ' || iccid || ' is that of SIM ' || max(id) || ', too'
		FROM sims WHERE status <> ` + deletedSIM + ` GROUP BY iccid HAVING count(*) > 1 ORDER BY 1`,
	},
	{
		"workspaces", "I2", "every SIM's Workspace exists", "Workspaces", "workspaces", "SIM",
		`SELECT s.id, 'there is no Workspace ' || s.workspace_id
		FROM sims s WHERE s.workspace_id NOT IN (SELECT id FROM workspaces) ORDER BY 1`,
	},
	{
		"models", "I2", "every SIM's model exists", "models", "sim_models", "SIM",
		`SELECT s.id, 'there is no model ' || s.model_id
		FROM sims s WHERE s.model_id NOT IN (SELECT id FROM sim_models) ORDER BY 1`,
	},
	{
		"devices", "I2", "an attached device is in the SIM's Workspace", "devices", "devices", "SIM",
		`SELECT s.id, CASE WHEN d.id IS NULL THEN 'there is no device ' || s.device_id
			ELSE 'it is in Workspace ' || s.workspace_id || ', its device ' || d.id || ' in ' || d.workspace_id END
		FROM sims s LEFT JOIN devices d ON d.id = s.device_id
		WHERE s.device_id IS NOT NULL AND (d.id IS NULL OR d.workspace_id <> s.workspace_id) ORDER BY 1`,
	},
	{
		"holders", "I2", "a device holds one SIM", "SIMs in devices", "sims WHERE device_id IS NOT NULL", "device",
		`SELECT device_id, 'it holds ' || count(*) || ' SIMs, such as ' || min(id) || ' and ' || max(id)
		FROM sims WHERE device_id IS NOT NULL GROUP BY device_id HAVING count(*) > 1 ORDER BY 1`,
	},
	{
		"deleted_devices", "I2", "a deleted device holds no SIM", "deleted devices", "devices WHERE status = " + deletedDevice, "device",
		`SELECT d.id, 'it is deleted, and SIM ' || s.id || ' sits in it' FROM devices d JOIN sims s ON s.device_id = d.id WHERE d.status = ` + deletedDevice + ` ORDER BY 1`,
	},
	{
		"profiles", "I2", "a device's profiles are those of its Workspace", "profiles", "profiles", "device",
		`SELECT u.id, u.what || ' ' || u.profile || ' is not one of Workspace ' || u.workspace_id
		FROM (
			SELECT id, workspace_id, 0 AS kind, 'service profile' AS what, service_profile_id AS profile FROM devices
			UNION ALL SELECT id, workspace_id, 1, 'tariff profile', tariff_profile_id FROM devices
		) u LEFT JOIN profiles p ON p.kind = u.kind AND p.id = u.profile AND p.workspace_id = u.workspace_id
		WHERE u.profile IS NOT NULL AND p.id IS NULL ORDER BY 1`,
	},
	{
		"owners", "I4", "each SIM's issuer and reseller are those of the last change of them", "changes", "ledger_owners", "SIM",
		`SELECT o.sim_id, CASE WHEN l.sim_id IS NULL THEN 'the ledger has no line of version ' || o.version
			WHEN s.id IS NULL THEN 'it does not exist'
			ELSE 'version ' || o.version || ' left it with issuer ' || o.issuer_after || ' and reseller ' || COALESCE(o.reseller_after, 0) ||
				', it has ' || s.issuer_id || ' and ' || COALESCE(s.reseller_id, 0) END
		FROM ledger_owners o LEFT JOIN ledger_lines l ON l.sim_id = o.sim_id AND l.version = o.version LEFT JOIN sims s ON s.id = o.sim_id
		WHERE l.sim_id IS NULL OR s.id IS NULL
			OR o.version = (SELECT max(p.version) FROM ledger_owners p WHERE p.sim_id = o.sim_id)
				AND (o.issuer_after <> s.issuer_id OR o.reseller_after IS DISTINCT FROM s.reseller_id) ORDER BY 1`,
	},
	{
		"owner_chain", "I4", "each change of a SIM's owners begins with what the last one left", "changes", "ledger_owners", "SIM",
		`SELECT sim_id, 'version ' || version || ' begins with issuer ' || issuer_before || ' and reseller ' || COALESCE(reseller_before, 0) ||
			', the change before it ended with ' || issuer_last || ' and ' || COALESCE(reseller_last, 0)
		FROM (
			SELECT o.*, lag(issuer_after) OVER w AS issuer_last, lag(reseller_after) OVER w AS reseller_last
			FROM ledger_owners o WINDOW w AS (PARTITION BY sim_id ORDER BY version)
		) u WHERE issuer_last IS NOT NULL AND (issuer_last <> issuer_before OR reseller_last IS DISTINCT FROM reseller_before) ORDER BY 1`,
	},
	{
		"keys", "I6", "an idempotency key is used once", "keys", "idempotency", "user",
		`SELECT user_id, 'key ' || key || ' of ' || operation || ' is there ' || count(*) || ' times'
		FROM idempotency GROUP BY user_id, token_id, operation, key, workspace_id HAVING count(*) > 1`,
	},
	{
		"answers", "I6", "a stored answer belongs to a ledger entry of its user", "answers", "idempotency WHERE ledger_id IS NOT NULL", "entry",
		`SELECT i.ledger_id, 'key ' || i.key || ' of user ' || i.user_id || ' refers to it, and it is ' ||
			CASE WHEN m.id IS NULL THEN 'not there' ELSE 'of another user' END
		FROM idempotency i LEFT JOIN ledger m ON m.id = i.ledger_id
		WHERE i.ledger_id IS NOT NULL AND (m.id IS NULL OR COALESCE(m.user_id, 0) <> i.user_id OR COALESCE(m.token_id, 0) <> i.token_id)`,
	},
	{
		"event_instants", "I8", "an event of a change has its instant and its user", "events", "events WHERE ledger_id IS NOT NULL", "event",
		`SELECT e.id, CASE WHEN m.id IS NULL THEN 'there is no entry ' || e.ledger_id ELSE 'it differs from entry ' || m.id END
		FROM events e LEFT JOIN ledger m ON m.id = e.ledger_id
		WHERE e.ledger_id IS NOT NULL AND (m.id IS NULL OR m.at <> e.at OR COALESCE(e.user_id, 0) <> COALESCE(CASE
			WHEN e.workspace_id <> m.target_id AND EXISTS (SELECT 1 FROM ledger_sides k WHERE k.ledger_id = m.id AND k.side = ` + sourceSide + ` AND k.authority = ` + offerAuthority + `) THEN NULL
			ELSE m.user_id END, 0))`,
	},
	{
		"side_events", "I8", "each side of a migration has one event 69", "events", "events WHERE type = " + migrationEvent + " AND ledger_id IS NOT NULL", "entry",
		`SELECT ledger_id, 'Workspace ' || workspace_id || ' is ' || sum(sides) || ' of its sides and has ' || sum(announced) || ' events 69 of it'
		FROM (
			SELECT ledger_id, workspace_id, 0 AS sides, 1 AS announced FROM events WHERE type = ` + migrationEvent + ` AND ledger_id IS NOT NULL
			UNION ALL SELECT ledger_id, workspace_id, 1, 0 FROM ledger_sides
		) u GROUP BY ledger_id, workspace_id HAVING sum(announced) <> sum(sides)`,
	},
	{
		"batches", "I8", "each registration of a batch has its migration and one event 48", "batches", "sim_batches", "entry",
		`SELECT u.ledger_id, sum(batches) || ' batches, ' || sum(announced) || ' events 48 and ' || sum(moved) || ' migrations are of it'
		FROM (
			SELECT b.ledger_id, 1 AS batches, 0 AS announced, 0 AS moved FROM sim_batches b
			UNION ALL SELECT e.ledger_id, 0, 1, 0 FROM events e WHERE e.type = ` + registrationEvent + `
			UNION ALL SELECT m.id, 0, 0, 1 FROM ledger m JOIN sim_batches b ON b.ledger_id = m.id AND b.workspace_id = m.target_id WHERE m.kind = ` + migrationEntry + `
		) u GROUP BY u.ledger_id HAVING sum(batches) <> 1 OR sum(announced) <> 1 OR sum(moved) <> 1`,
	},
	{
		"batch_codes", "I8", "a batch was registered at the instant of its migration, and its SIMs bear its code", "batches", "sim_batches", "entry",
		`SELECT b.ledger_id, 'batch ' || b.bic || ' was registered at ' || b.registered_at || ', its migration was at ' || m.at
		FROM sim_batches b JOIN ledger m ON m.id = b.ledger_id WHERE m.at <> b.registered_at
		UNION ALL
		SELECT b.ledger_id, 'it is the registration of batch ' || b.bic || ', and SIM ' || min(s.id) || ' is of batch ' || COALESCE(min(s.bic), 'none')
		FROM sim_batches b JOIN ledger_lines l ON l.ledger_id = b.ledger_id JOIN sims s ON s.id = l.sim_id
		WHERE s.bic IS DISTINCT FROM b.bic GROUP BY b.ledger_id, b.bic ORDER BY 1`,
	},
	{
		"audit_entries", "I8", "each migration has one audit entry, and each audit entry of one its migration", "audit entries", "audit WHERE ledger_id IS NOT NULL", "entry",
		`SELECT id, 'it should have ' || sum(owed) || ' audit entries, but has ' || sum(written)
		FROM (
			SELECT id, 1 AS owed, 0 AS written FROM ledger WHERE audited IS NOT NULL
			UNION ALL SELECT ledger_id, 0, 1 FROM audit WHERE ledger_id IS NOT NULL
		) u GROUP BY id HAVING sum(owed) <> sum(written) ORDER BY 1`,
	},
	{
		"audit_instants", "I8", "an audit entry of a migration has its instant and its actor", "audit entries", "audit WHERE ledger_id IS NOT NULL", "audit entry",
		`SELECT a.id, 'it differs from entry ' || m.id
		FROM audit a JOIN ledger m ON m.id = a.ledger_id
		WHERE m.at <> a.at OR COALESCE(m.user_id, 0) <> COALESCE(a.user_id, 0) OR COALESCE(m.token_id, 0) <> COALESCE(a.token_id, 0) ORDER BY 1`,
	},
	{
		"audit_places", "I9", "each audit entry is filed where it says", "places", "audit_places", "audit entry",
		// A UNION of two lists that is sorted once, not a join: SQLite would scan one list for
		// each row of the other.
		`SELECT id, CASE WHEN max(there) = 0 THEN 'it is filed in ' || max(filed) || ', and not there'
			ELSE 'it says ' || max(says) || ', and is filed in ' || COALESCE(max(filed), 'none') END
		FROM (
			SELECT id, 1 AS there, places AS says, NULL AS filed FROM audit
			UNION ALL SELECT audit_id, 0, NULL, string_agg(CAST(workspace_id AS TEXT), ',' ORDER BY workspace_id) FROM audit_places GROUP BY audit_id
		) u GROUP BY id HAVING max(says) IS DISTINCT FROM max(filed) ORDER BY 1`,
	},
	{
		"undos", "I14", "each undo mirrors the migration that it takes back", "undos", "ledger WHERE undoes IS NOT NULL", "entry",
		undoFaults,
	},
	{
		"tally", tallyInvariant, "the counts by Workspace, status and block are those of the SIMs", "counts", "sim_tally WHERE level = 1", "Workspace",
		`SELECT workspace_id, 'of status ' || status || ', ' || sum(there) || ' SIMs have ids from ' || (block << 10) || ' to ' || ((block << 10) + 1023)
			|| ', ' || sum(counted) || ' are counted'
		FROM (
			SELECT workspace_id, status, id >> 10 AS block, count(*) AS there, 0 AS counted FROM sims GROUP BY workspace_id, status, id >> 10
			UNION ALL SELECT workspace_id, status, block, 0, sims FROM sim_tally WHERE level = 1 AND workspace_id > 0
			UNION ALL SELECT workspace_id, status, block, 0, sims FROM sim_tally_changes WHERE workspace_id > 0
		) u GROUP BY workspace_id, status, block HAVING sum(there) <> sum(counted) ORDER BY 1`,
	},
	{
		"tally_seen", tallyInvariant, "the counts of what issuers and resellers see are those of the SIMs", "counts", "sim_tally WHERE level = 1 AND workspace_id < 0", "Workspace",
		`SELECT -viewer, 'it sees ' || sum(there) || ' SIMs with ids from ' || (block << 10) || ' to ' || ((block << 10) + 1023)
			|| ', ' || sum(counted) || ' are counted'
		FROM (
			SELECT -viewer AS viewer, 0 AS status, block, count(*) AS there, 0 AS counted FROM (` + store.SeenSIMs + `) s GROUP BY 1, 3
			UNION ALL SELECT workspace_id, status, block, 0, sims FROM sim_tally WHERE level = 1 AND workspace_id < 0
			UNION ALL SELECT workspace_id, status, block, 0, sims FROM sim_tally_changes WHERE workspace_id < 0
		) u GROUP BY viewer, status, block HAVING sum(there) <> sum(counted) ORDER BY 1`,
	},
	{
		"tally_levels", tallyInvariant, "both levels of the counts agree", "counts", "sim_tally WHERE level = 2", "Workspace",
		`SELECT abs(workspace_id), 'of status ' || status || ', block ' || block || ' of level 2 counts ' || sum(large) || ' SIMs, those of level 1 ' || sum(small)
		FROM (
			SELECT workspace_id, status, block, sims AS large, 0 AS small FROM sim_tally WHERE level = 2
			UNION ALL SELECT workspace_id, status, block >> 6, 0, sims FROM sim_tally WHERE level = 1
		) u GROUP BY workspace_id, status, block HAVING sum(large) <> sum(small) ORDER BY 1`,
	},
}

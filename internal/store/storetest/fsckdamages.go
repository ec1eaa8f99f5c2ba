package storetest

import "fmt"

// damage is a set of statements on the fixture, the checks that must find the damage, and the
// objects that they must name ("" if unknown).
type damage struct {
	do    []string
	found map[string]string
}

const copySIM = `INSERT INTO sims (id, iccid, eid, imsi, msisdn, status, workspace_id, issuer_id, produced_at, version)
	SELECT 999, '8988303000000000999', '', '', '', status, workspace_id, issuer_id, produced_at, 0 FROM sims WHERE id = 16`

// unconstrained recreates a table without keys.
func unconstrained(table string, then ...string) []string {
	return append([]string{
		fmt.Sprintf("CREATE TABLE copied AS SELECT * FROM %s", table), "DROP TABLE " + table, "ALTER TABLE copied RENAME TO " + table,
	}, then...)
}

const copyEvent = `INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
	SELECT at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description FROM events WHERE `

var damages = map[string]damage{
	"SIMLost":             {[]string{"DELETE FROM sims WHERE id = 11"}, map[string]string{"sims": "SIM 11:", "state": "", "tally": "Workspace 100:", "tally_seen": "Workspace 1:"}},
	"SIMLostWithoutTrace": {[]string{"DELETE FROM sims WHERE id = 19"}, map[string]string{"sims": "SIM 19: it was imported", "state": "", "tally": "Workspace 100:", "tally_seen": "Workspace 1:"}},
	"SIMAdded":            {[]string{copySIM}, map[string]string{"identity": "SIM 999: it has no seal", "sims": "SIM 999: it exists", "state": "", "tally": "Workspace 100:", "tally_seen": "Workspace 1:"}},
	"SIMReplaced": {[]string{copySIM, "DELETE FROM sims WHERE id = 19"},
		map[string]string{"identity": "SIM 999: it has no seal", "sims": "16 SIMs exist, 16 were imported", "state": "", "tally": "Workspace 100:"}},
	"SIMTwice": {unconstrained("sims", "INSERT INTO sims SELECT * FROM sims WHERE id = 16"),
		map[string]string{"sims": "SIM 16:", "iccids": "SIM 16:", "state": "", "tally": "Workspace 100:", "tally_seen": "Workspace 1:"}},
	"ICCIDTwice": {[]string{"DROP INDEX sims_iccid", fmt.Sprintf("UPDATE sims SET iccid = '%s' WHERE id = 16", ICCIDOf(10))},
		map[string]string{"identity": "SIM 16:", "iccids": "SIM 10:"}},
	"NoWorkspace":     {[]string{"UPDATE sims SET workspace_id = 998 WHERE id = 16"}, map[string]string{"workspaces": "SIM 16:", "state": "", "tally": "Workspace 998:"}},
	"DeviceElsewhere": {[]string{"UPDATE devices SET workspace_id = 200 WHERE id = 9001"}, map[string]string{"devices": "SIM 13:"}},
	"NoDevice":        {[]string{"DELETE FROM devices WHERE id = 9001"}, map[string]string{"devices": "SIM 13: there is no device 9001"}},
	"DeviceTwice": {[]string{"DROP INDEX sims_device", "UPDATE sims SET device_id = 9001 WHERE id = 16"},
		map[string]string{"holders": "device 9001:", "state": ""}},
	"DeviceGone": {[]string{"UPDATE devices SET status = 2 WHERE id = 9001"}, map[string]string{"deleted_devices": "device 9001: it is deleted, and SIM 13"}},
	"NoModel":    {[]string{"UPDATE sims SET model_id = 7 WHERE id = 16"}, map[string]string{"identity": "SIM 16:", "models": "SIM 16: there is no model 7"}},
	"IssuerChanged": {[]string{
		"INSERT INTO ledger_owners (sim_id, version, issuer_before, issuer_after) VALUES (11, 1, 1, 2), (11, 2, 2, 1)",
		"UPDATE sims SET issuer_id = 2 WHERE id = 11",
	}, map[string]string{"identity": "SIM 11:", "owners": "SIM 11: version 2 left it with issuer 1", "tally_seen": "Workspace 1:"}},
	"IMSIChanged":    {[]string{"UPDATE sims SET imsi = '295050000000099' WHERE id = 16"}, map[string]string{"identity": "SIM 16:"}},
	"IssuerReplaced": {[]string{"UPDATE sims SET issuer_id = 2 WHERE id = 16"}, map[string]string{"identity": "SIM 16:", "tally_seen": "Workspace 1:"}},
	"ActivationLost": {[]string{"UPDATE sims SET activated_at = NULL WHERE id = 15"}, map[string]string{"identity": "SIM 15: it was activated at"}},
	"SealLost":       {[]string{"UPDATE sims SET seal = NULL WHERE id = 16"}, map[string]string{"identity": "SIM 16: it has no seal"}},
	"LineOutOfOrder": {[]string{"UPDATE ledger_lines SET ordinal = 9 WHERE sim_id = 12"}, map[string]string{"line_counts": "entry 2: its lines are not numbered"}},
	"OwnersUnchained": {[]string{
		"INSERT INTO ledger_owners (sim_id, version, issuer_before, issuer_after, reseller_before, reseller_after) VALUES (11, 1, 1, 2, 2, 2), (11, 2, 3, 1, 2, 2)",
	}, map[string]string{"owner_chain": "SIM 11: version 2 begins with issuer 3"}},
	"OwnerWithoutLine": {[]string{"INSERT INTO ledger_owners (sim_id, version, issuer_before, issuer_after) VALUES (16, 5, 1, 1)"},
		map[string]string{"owners": "SIM 16: the ledger has no line of version 5"}},
	"BatchWithoutEvent": {[]string{"INSERT INTO sim_batches (bic, workspace_id, ledger_id, registered_at) VALUES ('1234567890123456', 200, 2, 0)"},
		map[string]string{"batch_codes": "entry 2: batch 1234567890123456", "batches": "entry 2: 1 batches, 0 events 48"}},
	"NoProfile": {[]string{"UPDATE devices SET tariff_profile_id = 7 WHERE id = 9002"}, map[string]string{"profiles": "device 9002: tariff profile 7"}},
	"HalfMove": {[]string{"UPDATE sims SET workspace_id = 100 WHERE id = 12"},
		map[string]string{"history": "SIM 12:", "state": "", "tally": "Workspace 100:"}},
	"StatusChanged": {[]string{"UPDATE sims SET status = 2 WHERE id = 15"},
		map[string]string{"history": "SIM 15:", "state": "", "tally": "Workspace 100:"}},
	"DeviceChanged":  {[]string{"UPDATE sims SET device_id = NULL WHERE id = 13"}, map[string]string{"history": "SIM 13:", "state": ""}},
	"VersionChanged": {[]string{"UPDATE sims SET version = 7 WHERE id = 11"}, map[string]string{"history": "SIM 11: it has version 7 and 2 lines", "state": ""}},
	"LineLost": {[]string{"DELETE FROM ledger_lines WHERE sim_id = 12"},
		map[string]string{"line_counts": "entry 2:", "history": "SIM 12:", "sides": "entry 2:", "line_events": "SIM 12:", "deltas": "entry 2:"}},
	"LineRenumbered": {[]string{"UPDATE ledger_lines SET version = 5 WHERE sim_id = 11 AND version = 2"},
		map[string]string{"history": "SIM 11: version 5 is where 2 should be", "deltas": "entry 3:"}},
	"LineAstray": {[]string{"UPDATE ledger_lines SET workspace_after = 300 WHERE sim_id = 12"},
		map[string]string{"targets": "entry 2:", "history": "SIM 12:", "deltas": "entry 2:"}},
	"LineFromElsewhere": {[]string{"UPDATE ledger_lines SET workspace_before = 300 WHERE sim_id = 11 AND version = 2"},
		map[string]string{"sides": "entry 3:", "history": "SIM 11: version 1 ended with", "deltas": "entry 3:"}},
	"LineOfAnotherEntry": {[]string{"UPDATE ledger_lines SET ledger_id = 77 WHERE sim_id = 12"},
		map[string]string{"line_counts": "entry 77:", "sides": "entry 2:", "line_events": "SIM 12:", "deltas": "entry 2:"}},
	"BeginningChanged": {[]string{"UPDATE ledger_lines SET status_before = 4 WHERE sim_id = 15"}, map[string]string{"deltas": "entry 4:"}},
	"EntryMiscounts":   {[]string{"UPDATE ledger SET sims = 4 WHERE id = 2"}, map[string]string{"line_counts": "entry 2: it has 3 lines and should have 4"}},
	"ImportMiscounts":  {[]string{"UPDATE ledger SET sims = 13 WHERE id = 1"}, map[string]string{"sims": "16 SIMs exist, 15 were imported"}},
	"EntryLost": {[]string{"DELETE FROM ledger WHERE id = 2"}, map[string]string{
		"line_counts": "entry 2:", "sides": "entry 2:", "answers": "entry 2:", "event_instants": "there is no entry 2", "state": "",
		"audit_entries": "entry 2: it should have 0 audit entries, but has 1"}},
	"UndoElsewhere": {[]string{"UPDATE ledger SET undoes = 3, restore_status = 1, restore_devices = 1 WHERE id = 8"},
		map[string]string{"undos": "entry 8: SIM 14 does not go back"}},
	"UndoOfNothing":  {[]string{"UPDATE ledger SET restore_status = 1 WHERE id = 2"}, map[string]string{"undos": "entry 2: it says what an undo restores"}},
	"DeltaChanged":   {[]string{"UPDATE ledger SET delta = delta - 1 WHERE id = 2"}, map[string]string{"deltas": "entry 2:", "state": ""}},
	"IDsChanged":     {[]string{"UPDATE ledger SET ids_delta = 1 WHERE id = 2"}, map[string]string{"sims": "the checksum over their ids differs"}},
	"SideMiscounts":  {[]string{"UPDATE ledger_sides SET sims = 2 WHERE ledger_id = 2 AND side = 1"}, map[string]string{"sides": "entry 2:"}},
	"SourceChanged":  {[]string{"UPDATE ledger_sides SET workspace_id = 1 WHERE ledger_id = 2 AND side = 0"}, map[string]string{"sides": "entry 2:", "side_events": "entry 2:"}},
	"SideLost":       {[]string{"DELETE FROM ledger_sides WHERE ledger_id = 2 AND side = 0"}, map[string]string{"sides": "entry 2:", "side_events": "entry 2: Workspace 100"}},
	"SideOfNothing":  {[]string{"INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) VALUES (100, 77, 0, 1)"}, map[string]string{"sides": "entry 77:", "side_events": "entry 77:"}},
	"EventLost":      {[]string{"DELETE FROM events WHERE sim_id = 11 AND type = 50"}, map[string]string{"line_events": "SIM 11:"}},
	"EventTwice":     {[]string{copyEvent + "sim_id = 11 AND type = 9"}, map[string]string{"line_events": "SIM 11:"}},
	"EventElsewhere": {[]string{"UPDATE events SET workspace_id = 300 WHERE sim_id = 13 AND type = 51"}, map[string]string{"line_events": "SIM 13:"}},
	"EventOfAnother": {[]string{"UPDATE events SET sim_id = 500 WHERE sim_id = 13 AND type = 51"}, map[string]string{"line_events": "SIM 500:"}},
	"EventOrphaned":  {[]string{"UPDATE events SET ledger_id = NULL WHERE sim_id = 17"}, map[string]string{"line_events": "SIM 17:"}},
	"EventLater":     {[]string{"UPDATE events SET at = at + 1 WHERE id = 1"}, map[string]string{"event_instants": "event 1:"}},
	"EventBySomeone": {[]string{"UPDATE events SET user_id = 2 WHERE id = 1"}, map[string]string{"event_instants": "event 1:"}},
	"SideUntold":     {[]string{"DELETE FROM events WHERE type = 69 AND ledger_id = 2 AND workspace_id = 200"}, map[string]string{"side_events": "entry 2: Workspace 200"}},
	"SideToldTwice":  {[]string{copyEvent + "type = 69 AND ledger_id = 2 AND workspace_id = 200"}, map[string]string{"side_events": "entry 2: Workspace 200"}},
	"KeyTwice":       {unconstrained("idempotency", "INSERT INTO idempotency SELECT * FROM idempotency"), map[string]string{"keys": "user 1:"}},
	"KeyOfNothing":   {[]string{"UPDATE idempotency SET ledger_id = 77"}, map[string]string{"answers": "entry 77:"}},
	"KeyOfSomeone":   {[]string{"UPDATE idempotency SET user_id = 2"}, map[string]string{"answers": "entry 2: key k/1 of user 2"}},
	"AuditChanged":   {[]string{"UPDATE audit SET user_id = 2 WHERE id = 5"}, map[string]string{"audit_chain": "audit entry 5: link 5 does not verify"}},
	"AuditOfSomeone": {[]string{"UPDATE audit SET user_id = 5 WHERE id = 1"}, map[string]string{"audit_chain": "audit entry 1: link 1", "audit_instants": "audit entry 1: it differs from entry 2"}},
	"AuditRemoved": {[]string{"DELETE FROM audit WHERE id = 5"},
		map[string]string{"audit_chain": "audit entry 6: it is link 6, and the one before it is link 4", "audit_places": "audit entry 5: it is filed in 100"}},
	"AuditReordered": {[]string{"UPDATE audit SET seq = 99 WHERE id = 4", "UPDATE audit SET seq = 4 WHERE id = 5", "UPDATE audit SET seq = 5 WHERE id = 4"},
		map[string]string{"audit_chain": "audit entry 5: link 4 does not verify"}},
	"AuditUnlinked":  {[]string{"UPDATE audit SET seq = NULL, hash = NULL WHERE id = 4"}, map[string]string{"audit_chain": "audit entry 5: it is link 5"}},
	"AuditHashLost":  {[]string{"UPDATE audit SET hash = NULL WHERE id = 4"}, map[string]string{"audit_chain": "audit entry 4: link 4 does not verify"}},
	"AuditRefiled":   {[]string{"UPDATE audit_places SET workspace_id = 300 WHERE audit_id = 5"}, map[string]string{"audit_places": "audit entry 5: it says 100, and is filed in 300"}},
	"AuditOfNothing": {[]string{"UPDATE audit SET ledger_id = 77 WHERE id = 7"}, map[string]string{"audit_entries": "entry 77: it should have 0 audit entries, but has 1"}},
	"MigrationNotAudited": {[]string{"DELETE FROM audit WHERE id = 3", "DELETE FROM audit_places WHERE audit_id = 3"},
		map[string]string{"audit_chain": "audit entry 4: it is link 4", "audit_entries": "entry 8: it should have 1 audit entries, but has 0"}},
	"Miscounted": {[]string{"UPDATE sim_tally SET sims = sims + 1 WHERE workspace_id = 100 AND level = 1 AND status = 0 AND block = 0"},
		map[string]string{"tally": "Workspace 100: of status 0", "tally_levels": "Workspace 100:"}},
	"LargeBlockMiscounted": {[]string{"UPDATE sim_tally SET sims = sims + 1 WHERE workspace_id = 200 AND level = 2"}, map[string]string{"tally_levels": "Workspace 200:"}},
	"SeenMiscounted": {[]string{"UPDATE sim_tally SET sims = sims + 1 WHERE workspace_id = -2 AND level = 1"},
		map[string]string{"tally_seen": "Workspace 2:", "tally_levels": "Workspace 2:"}},
	"EventsMiscounted": {[]string{"INSERT INTO list_tally (list, key, sub, block, items, first_at, last_at) VALUES (1, 100, 0, 0, 5, 1, 2)"},
		map[string]string{"list_counts": "Workspace 100: block 0 of list 1 has 0 events"}},
	"ChangeLost": {[]string{"DELETE FROM sim_tally_changes WHERE workspace_id = 200"}, map[string]string{"tally": "Workspace 200:"}},
}

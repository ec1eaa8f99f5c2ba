package fsck

import (
	"slices"

	"github.com/simferry/simferry/internal/store"
)

// NotCovered is a part of the database that no check covers: damage to it goes
// unnoticed as long as the row is readable and satisfies the schema.
type NotCovered struct {
	Table   string   // "" if it is not a table
	Columns []string // empty for the whole table
	Why     string
	Only    string // the dialect that this is about; "" for both
}

// notCovered must name every column that Run does not check: a test changes each column of the
// schema and requires that Run finds the change or that the column is listed here.
var notCovered = []NotCovered{
	{Why: "the pages and indexes of PostgreSQL: use data checksums and pg_amcheck", Only: "postgres"},
	{Table: "workspaces", Why: "changed by the operator; the audit log says how"},
	{Table: "users", Why: "changed by users and Administrators; the audit log says how"},
	{Table: "memberships", Why: "changed by Administrators; the audit log says how"},
	{Table: "membership_roles", Why: "changed by Administrators; the audit log says how"},
	{
		Table: "devices", Columns: []string{
			"id", "workspace_id", "name", "status", "created_at", "tags", "imei", "imei_lock", "ip_address", "service_profile_id",
			"tariff_profile_id", "updated_at", "change_uid", "ip_address_space_id",
		},
		Why: "changed by users; what is checked is that a SIM's device is there, is in the SIM's Workspace and is not deleted, and that its profiles are",
	},
	{Table: "profiles", Why: "given by the operator; what is checked is that the profiles of devices are there"},
	{
		Table: "sim_models", Columns: []string{"description", "memory_size", "formfactor_id", "formfactor", "manufacturer_id", "manufacturer"},
		Why: "given by the operator",
	},
	{
		Table: "ledger", Columns: []string{"uid", "kind", "at", "token_id", "detach_devices", "allowed_statuses", "audited", "reference", "reason", "rule_set"},
		Why: "kind, instant and token are checked against lines, events or an audit entry; the rest describes the request",
	},
	{Table: "ledger_sides", Columns: []string{"authority"}, Why: "by which right a change was made; the audit log names the user"},
	{Table: "ledger_lines", Columns: []string{"device_name"}, Why: "the name that a device had; the device itself is checked"},
	{Table: "events", Columns: []string{"source", "severity", "description"}, Why: "the wording of an event"},
	{
		Table: "idempotency", Columns: []string{"workspace_id", "operation", "key", "fingerprint", "status", "location", "etag", "body", "created_at", "ledger_id", "workspaces"},
		Why: "stored answers, which expire; what is checked is that they belong to a ledger entry of their user",
	},
	{Table: "events", Columns: []string{"id"}, Why: "the order of events; PostgreSQL leaves gaps between the numbers", Only: "postgres"},
	{Table: "sim_tally_changes", Columns: []string{"id"}, Why: "a number without a meaning", Only: "postgres"},
	{Table: "list_changes", Columns: []string{"id"}, Why: "a number without a meaning"},
	{Table: "audit_head", Columns: []string{"at"}, Why: "when entries were last linked"},
	{Table: "application_tokens", Why: "access; the audit log says how they came"},
	{Table: "signing_keys", Why: "access; the audit log says how they came"},
	{Table: "second_factors", Why: "access; the audit log says how they came"},
	{Table: "trusted_devices", Why: "access; they expire"},
	{Table: "activation_keys", Why: "access; they expire"},
	{Table: "refresh_tokens", Why: "sessions; they expire"},
	{Table: "pending_sign_ins", Why: "sessions; they expire"},
	{Table: "rule_sets", Why: "written by the operator and Administrators; the audit log says how. A rule that cannot be read refuses"},
	{Table: "terminal_sign_ins", Why: "sessions; they expire"},
	{Table: "ended_sessions", Why: "sessions; they expire"},
	{Table: "auth_counters", Why: "counters of sign-ins; they expire"},
	{Table: "mails", Why: "what waits to be sent, and what was"},
	{Table: "notices", Why: "what waits to be sent, and what was"},
	{
		Table: "jobs", Columns: []string{
			"kind", "state", "details", "user_id", "workspace_id", "origin_id", "options", "selection", "reference", "reason", "etag", "digest",
			"created_at", "planned_at", "started_at", "ended_at", "expires_at", "part", "position", "cursor", "done", "wave", "version", "attempt",
			"lease_owner", "lease_until", "next_at", "stage",
		},
		Why: "the request and the progress of a job; what is checked is what it did: its SIMs, entries, counts and sides",
	},
	{Table: "job_sims", Columns: []string{"line", "version", "codes", "given", "undoes", "home_id"}, Why: "how a SIM was selected, and why it was refused; of changed SIMs version and undoes are checked"},
	{
		Table: "job_effects", Columns: []string{"verdict", "codes", "status_before", "status_after", "device_before", "device_after"},
		Why: "what a plan was, at a time that has passed; what is checked is how many SIMs it had",
	},
	{
		Table: "offers", Columns: []string{
			"user_id", "state", "detach_devices", "allowed_statuses", "reference", "reason", "created_at", "expires_at", "next_at", "reminders", "decided_at",
			"decided_by", "ended_at",
		},
		Why: "the request and the progress of an offer; what is checked is what it did: its SIMs, their marks, the ledger and the counts",
	},
	{Table: "offer_sims", Columns: []string{"sim_id", "status", "reason"}, Why: "what was offered, and why it was refused; SIMs that are offered or accepted are checked"},
	{
		Table: "receiving_codes", Columns: []string{
			"hash", "workspace_id", "user_id", "description", "single_use", "max_sims", "sender_id", "created_at", "expires_at", "revoked_at",
		},
		Why: "access; what is checked is how often a code was used. A missing code without offers is not noticed",
	},
	{
		Table: "sim_requests", Columns: []string{"workspace_id", "user_id", "reference", "reason", "created_at", "expires_at", "ended_at", "due_at"},
		Why: "the request; what is checked is its inquiries and offers",
	},
	{Table: "sim_request_iccids", Columns: []string{"iccid"}, Why: "the ICCIDs of the request; those of inquiries and offers are checked"},
	{Table: "inquiries", Columns: []string{"decided_at", "decided_by"}, Why: "the decision; the audit log has it too"},
	{Table: "move_drafts", Why: "what users prepare; they expire"},
	{Table: "copied_rows", Why: "how many rows a copy from PostgreSQL had; the numbers of rows are compared with it"},
	{Table: "job_parts", Why: "what is still to be planned of a job or a draft"},
	{Table: "goose_db_version", Why: "the number of the schema is compared with the program's; the rest is when steps were applied"},
	{Table: "schema_lock", Why: "a lock of servers that start", Only: "postgres"},
	{Table: "sqlite_sequence", Why: "the highest ids; checked for the ledger, the events and the audit log", Only: "sqlite"},
}

func notCoveredBy(d store.Dialect) []NotCovered {
	return slices.DeleteFunc(slices.Clone(notCovered), func(n NotCovered) bool { return n.Only != "" && n.Only != d.String() })
}

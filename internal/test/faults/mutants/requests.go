package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	migrateAPIFile = "internal/httpapi/migrate.go"
	onceFile       = "internal/control/once.go"
)

// requests holds bugs in how a request is authorized, repeated or reported.
var requests = []faults.Mutation{
	replace("dry_run_writes", "a dry run moves the SIMs",
		migrateAPIFile, "\tres := response{Status: http.StatusOK, Body: planBody(plan, true)}\n",
		"\t_, _ = a.control.Migrate(r.Context(), caller, control.Run{Request: req}, control.Write[control.Migrated]{Encoder: encoder[control.Migrated](migrated)})\n\tres := response{Status: http.StatusOK, Body: planBody(plan, true)}\n"),
	replace("match_ignored", "If-Match is ignored",
		migrateAPIFile, `if len(r.Header.Values("If-Match")) == 0 {`, `if true {`),
	replace("replay_before_rights", "a key replays its reply without a check of rights",
		onceFile, "if w.guard.replay != nil {", "if false {"),
	replace("key_global", "a key of one caller is the same for all others",
		onceFile, "store.Key{By: storeCaller(caller), Workspace", "store.Key{Workspace"),
	replace("other_request", "another request under the same key gets the first one's reply",
		onceFile, "if !bytes.Equal(got.Stored.Fingerprint, w.write.Fingerprint) {", "if len(got.Stored.Fingerprint) == 0 && bytes.Equal(got.Stored.Fingerprint, w.write.Fingerprint) {"),
	replace("foreign_seen", "a SIM of any Workspace can be read and patched",
		"internal/store/sims.go", "\tw.scope(ws)\n\tw.and(\"s.status <> \" + deletedSIM)\n\tw.and(\"s.id = \"", "\tw.and(\"s.status <> \" + deletedSIM)\n\tw.and(\"s.id = \""),
	replace("suspended_user", "a bearer stays valid after its user's suspension and after a new password",
		"internal/control/bearer.go", "if !found || s.User.Status != fleet.UserActive || s.User.Epoch != claims.Epoch {", "if !found {"),
	replace("event_at_target", "events of a SIM's source Workspace are reported in the target",
		"internal/store/applywords.go", `return "l.workspace_before"`, `return "l.workspace_after"`),
}

package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	budgetFile  = "internal/limit/budget.go"
	bodyFile    = "internal/httpx/body.go"
	ledgerFile  = "internal/store/ledger.go"
	refreshFile = "internal/control/refresh.go"
	chainFile   = "internal/store/fsck/audit.go"
)

// security holds bugs that let a caller see, do or use up more than they may. Ordinary tests
// must catch them.
var security = []faults.Mutation{
	replace("rights_early", "rights are checked before the body arrives, and not again in the transaction",
		onceFile, "\tcaller, err := w.currentCaller(tx, got)\n", "\tcaller, err := w.caller, error(nil)\n"),
	replace("body_budget", "one caller's bodies may take all the memory for bodies",
		budgetFile, " || b.by[name]+n > b.perParty {", " {"),
	replace("body_unbounded", "the memory for the bodies of all callers has no limit",
		budgetFile, "if b.held+n > b.total || ", "if "),
	replace("anonymous_gzip", "compressed bodies are accepted without a bearer token",
		bodyFile, "if r.place.admission != nil && r.place.anonymous {\n\t\t\treturn nil", "if false {\n\t\t\treturn nil"),
	replace("gate_no_turns", "a caller with a long queue is served before the others",
		"internal/limit/gate.go", "\t\t\tg.turns.MoveToBack(e)\n", ""),
	replace("ledger_sides", "a member of one source sees the number of SIMs of the other sources",
		ledgerFile, "\tif s.target {\n\t\treturn\n\t}\n\tm.Sources", "\tif s.target || len(s.sources) > 0 {\n\t\treturn\n\t}\n\tm.Sources"),
	replace("ledger_lines", "a member of one source sees the SIMs of the other sources",
		ledgerFile, "\tif !own.target {\n", "\tif false {\n"),
	replace("counters_share", "the counter of wrong guesses and that of an address can be the same row",
		"internal/control/counters.go", `Counter{"guesses", username}`, `Counter{"failures", username}`),
	replace("terminal_c1", "control characters above ASCII reach the terminal",
		"internal/termtext/termtext.go", "case unicode.IsControl(r):", "case unicode.IsControl(r) && r < 0x80:"),
	replace("csv_formula", "a CSV cell that begins a formula is written without the apostrophe",
		"internal/tablefile/cell.go", "w.cells = append(w.cells, Guard(v))", "w.cells = append(w.cells, v)"),
	replace("hidden_names", "names may contain invisible characters",
		"internal/fleet/text.go", "|| hidden(r) {", "{"),
	replace("redirects", "the client follows redirects with the credentials in the body",
		"client/client.go", "\town.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }\n", ""),
	{
		Name:    "switch_extends",
		Summary: "switching the Workspace extends the session",
		Edits: []faults.Edit{
			{File: "internal/control/switch.go", Old: "caller.Session, caller.Expires)", New: "caller.Session, time.Time{})"},
			{File: "internal/control/switch.go", Old: "\t\"context\"\n", New: "\t\"context\"\n\t\"time\"\n"},
		},
	},
	replace("key_everywhere", "an idempotency key used in one Workspace replays in the others",
		onceFile, "By: storeCaller(caller), Workspace: caller.Workspace, ", "By: storeCaller(caller), "),
	replace("audit_unlinked", "an audit entry that was unlinked or inserted later is not noticed",
		chainFile, "\treturn unlinkedAudit(ctx, db, chain, mark)\n", "\treturn nil\n"),
	replace("audit_cut", "entries removed at the end of the audit chain are not noticed",
		chainFile, "\tif mark.Seq != 0 {\n", "\tif false {\n"),
	replace("secret_readable", "a file of secrets that others may read is accepted",
		"internal/secretfile/secretfile.go", "mode.Perm()&^allowed == 0", "mode.Perm()&^allowed&^0o077 == 0"),
	replace("mapped_network", "an IPv4-mapped network is accepted and matches no client",
		"internal/netaddr/netaddr.go", "case !p.Addr().Is4In6():", "case true:"),
	replace("dsn_at_sign", "a password with a raw @ is accepted, so its rest counts as the host",
		"internal/dburl/dburl.go", `strings.Count(rest, "@") > 1 || strings.ContainsAny(tail, "@#")`, `strings.ContainsAny(tail, "#")`),
	replace("dsn_printed", "a database URL that does not parse is printed with its password",
		"internal/dburl/dburl.go", `return "postgres://" + Hidden`, `return text`),
	replace("refresh_lost", "a refresh token that is used again has another successor",
		refreshFile, "\tif key == nil {\n", "\tif true {\n"),
	replace("refresh_theft", "a refresh token whose successor was used does not end the session",
		refreshFile, "\t\t\treturn c.endStolen(ctx, tx, old, from)\n", "\t\t\treturn nil\n"),
}

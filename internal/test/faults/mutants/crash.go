package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	applySQLiteFile = "internal/store/applysqlite.go"
	groupFile       = "internal/store/sqlitegroup.go"
	mailsFile       = "internal/store/mails.go"
	sqliteFile      = "internal/store/sqlite.go"
)

// crash holds bugs that only a crash, a power cut, a lost connection or a race shows.
var crash = []faults.Mutation{
	splitBefore("split_commit", "a migration commits its SIMs before the rest of its record",
		applySQLiteFile, "\tif err := tx.addTally("),
	splitBefore("ledger_outside", "the ledger's lines are committed before the SIMs move",
		applySQLiteFile, "\tif moved, err = tx.execRows(ctx, moveSIMsSQLite"),
	splitBefore("event_after_commit", "the events of a migration have a transaction of their own",
		applySQLiteFile, "\tif err := tx.insertLineEvents("),
	splitBefore("audit_outside", "a migration's audit entry has a transaction of its own",
		applySQLiteFile, "\tif c.Audit == nil {"),
	splitBefore("key_outside", "the reply under an Idempotency-Key is stored after the commit of the effect",
		"internal/store/idempotency.go", "\tn, err := tx.execNamedRows(ctx, insertReply"),
	splitBefore("mail_outside", "the mail of an invitation has a transaction of its own",
		mailsFile, "\treturn tx.execNamed(ctx, insertMail"),

	replace("group_answers_early", "a write on SQLite is acknowledged before the commit of its group",
		groupFile, "\te.awaitGroup(g, turn)\n", "\tgo e.awaitGroup(g, turn)\n\treturn err\n"),
	replace("group_undone", "a write on SQLite that fails undoes the others of its group",
		groupFile, `g.exec("ROLLBACK TO member") == nil)`,
		`g.exec("ROLLBACK") == nil && g.exec("BEGIN IMMEDIATE") == nil && g.exec("SAVEPOINT member") == nil)`),
	replace("group_refusal_stays", "a refusal stands although the group that it depends on was not committed",
		groupFile, "case g.void != nil:\n\t\treturn turn", "case g.void != nil && err == nil:\n\t\treturn turn"),
	replace("group_interrupted", "a request that ends interrupts a statement of a group on SQLite",
		groupFile, "q.sqlQuerier.exec(context.WithoutCancel(ctx), text", "q.sqlQuerier.exec(ctx, text"),

	replace("chain_forgets", "a link of the audit chain does not depend on the one before it",
		"internal/store/auditchain.go", "\t\ta.Seq = head.Seq + 1\n", "\t\ta.Seq = head.Seq + 1\n\t\thead.Hash = make([]byte, sha256.Size)\n"),
	replace("unknown_commit", "a commit whose outcome is unknown counts as one that failed",
		"internal/store/store.go", "s.engine.classify(err) == outcomeUnknown", "false"),
	replace("replay_early", "a stored reply is sent again without waiting for the synchronous standby",
		"internal/store/idempotency.go", "if tx.d == Postgres {\n\t\twait", "if false {\n\t\twait"),
	replace("sync_off", "SQLite writes with synchronous=OFF", sqliteFile, "synchronous(FULL)", "synchronous(OFF)"),
	replace("sync_normal", "SQLite writes with synchronous=NORMAL", sqliteFile, "synchronous(FULL)", "synchronous(NORMAL)"),
	replace("checksum", "no change is folded into the rolling checksum",
		"internal/store/migrate.go", "\treturn int64(d)\n", "\treturn int64(d - d)\n"),
	replace("tally_lost", "the counts behind the lists miss a change",
		"internal/store/tally.go", "\t\tt.add(l.After, 1)\n\t}\n\treturn t.rows()", "\t\tt.add(l.After, 1)\n\t}\n\treturn nil"),
	replace("lock_order", "every other request locks its SIMs in descending order",
		"internal/store/migrate.go", `" ORDER BY s.id FOR NO KEY UPDATE OF s")`,
		`" ORDER BY s.id"+[]string{"", " DESC"}[len(sel.SIMs)%2]+" FOR NO KEY UPDATE OF s")`),
	{
		Name:    "source_guard",
		Summary: "the UPDATE ignores the planned Workspace and version, and the SIMs are not locked",
		Edits: []faults.Edit{
			{File: "internal/control/migrate.go", Old: "m.run.Request, true)", New: "m.run.Request, false)"},
			{File: "internal/store/applypostgres.go", Old: "tx.queryRow(ctx, applyPostgresSQL.text,", New: "tx.queryRow(ctx, unguarded(applyPostgresSQL.text),"},
		},
		Add: map[string]string{"internal/store/mutant_unguarded.go": `package store

import "strings"

// unguarded moves SIMs as they are now, wherever they are.
func unguarded(text string) string {
	return strings.NewReplacer(
		" AND s.workspace_id = l.workspace_before AND s.version = l.version - 1", "",
		"t.sim_id, t.version, t.ordinal", "t.sim_id, (SELECT n.version + 1 FROM sims n WHERE n.id = t.sim_id) AS version, t.ordinal",
	).Replace(text)
}
`},
	},
	{
		Name:    "ack_early",
		Summary: "a write is acknowledged before its commit, which comes 10 ms later",
		Edits:   []faults.Edit{{File: "internal/control/once.go", Old: "err := c.store.UpdateOnce(ctx", New: "err := returnEarly(c.store.UpdateOnce)(ctx"}},
		Add: map[string]string{"internal/control/mutant_early.go": `package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/store"
)

type updater func(context.Context, store.Opening, func(*store.Tx, store.Opened) error) error

// returnEarly makes an update return before it commits.
func returnEarly(update updater) updater {
	return func(ctx context.Context, o store.Opening, fn func(*store.Tx, store.Opened) error) error {
		done := make(chan error, 1)
		report := func(err error) {
			select {
			case done <- err:
			default: // a later attempt: the client has its reply
			}
		}
		go func() {
			report(update(context.WithoutCancel(ctx), o, func(tx *store.Tx, got store.Opened) error {
				err := fn(tx, got)
				if err == nil {
					report(nil)
					<-time.After(10 * time.Millisecond)
				}
				return err
			}))
		}()
		return <-done
	}
}
`},
	},
	replace("mail_once", "a mail counts as delivered before it is sent",
		"internal/operator/mail.go", "if err != nil || !drop {\n\t\t\t\treturn err", "if err != nil {\n\t\t\t\treturn err"),
	{
		Name:    "mail_renamed",
		Summary: "each attempt at a mail has an id of its own",
		Edits: []faults.Edit{
			{File: mailsFile, Old: "\tm.Expires = fromMicros(expires)\n", New: "\tm.Expires = fromMicros(expires)\n\tm.UID += \"-\" + strconv.Itoa(m.Attempts)\n"},
			{File: mailsFile, Old: "import (\n", New: "import (\n\t\"strconv\"\n"},
		},
	},
}

// splitBefore returns a mutation that commits in the middle of a transaction, before the line that
// begins with the text.
func splitBefore(name, does, file, text string) faults.Mutation {
	m := replace(name, does, file, text, "\ttx.split(ctx)\n"+text)
	m.Add = map[string]string{"internal/store/mutant_split.go": `package store

import "context"

// split commits the changes so far and continues in another transaction.
func (tx *Tx) split(ctx context.Context) {
	// A group of writes on SQLite ends the savepoint of the member.
	for _, text := range []string{"COMMIT", tx.dialectSQL("BEGIN IMMEDIATE", "BEGIN"), "SAVEPOINT member"} {
		_ = tx.exec(ctx, text) // a failure is noted and fails the transaction
	}
}
`}
	return m
}

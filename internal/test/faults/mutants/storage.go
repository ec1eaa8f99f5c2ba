package mutants

import "github.com/simferry/simferry/internal/test/faults"

const pgSessionFile = "internal/store/pgsession.go"

// storage holds bugs in locks, files, clocks and checks of the database. Ordinary tests must
// catch them.
var storage = []faults.Mutation{
	replace("lock_holds_connection", "a transaction that waits for a lock keeps its connection and its turn",
		pgSessionFile, "return e.write(ctx, lockFirstWait, fn) })", "return e.write(ctx, lockPatience, fn) })"),
	replace("frozen_keeps_locks", "a server that is frozen or cut off keeps its locks",
		pgSessionFile, "idleLimit = 5 * time.Second", "idleLimit = 5 * time.Minute"),
	replace("workspaces_unlocked", "a migration does not keep its Workspaces as they are until it ends",
		"internal/store/opening.go", "if tx.d == SQLite || !tx.writes {", "if true {"),
	replace("done_twice", "a write whose commit was lost is done again",
		"internal/store/opening.go", "if err != nil || got.done {", "if err != nil {"),
	replace("pages_unchecked", "fsck does not look at the pages of a SQLite file",
		"internal/store/fsck/pages.go", `if found != "ok" {`, `if found == "" {`),
	replace("file_replaced", "a database file that was replaced is served on",
		"internal/store/sqlitefiles.go", "case !os.SameFile(info, f.infos[i]):", "case !os.SameFile(info, info) || f.infos[i] == nil:"),
	replace("clock_sweeps", "a server whose clock is weeks ahead deletes what it takes for expired",
		"internal/store/clock.go", "if ahead > maxIdle {", "if ahead > 1000*maxIdle {"),
	replace("clock_bearers", "a server whose clock is an hour off checks tokens by it",
		"internal/store/clock.go", "if skew.Abs() <= ClockLimit {", "if skew.Abs() <= ClockLimit || true {"),
	replace("log_grows", "the write-ahead log is never truncated",
		"internal/store/checkpoint.go", "if err == nil && logged > c.tooLarge {", "if err == nil && logged < 0 {"),
	replace("seal_ignored", "fsck does not compare the identity of a SIM with its seal",
		"internal/store/fsck/seal.go", "s.off = uint64(*row.Seal) ^ row.Identity() ^", "s.off = 0 * uint64(*row.Seal) ^ 0*row.Identity() ^ 0*"),
	replace("crash_counts", "a sign-in that a crash cut off counts as a wrong guess",
		"internal/control/lockout.go", "g.budget.underWay().Add(ctx, tx, evaluatedIn)", "g.budget.Add(ctx, tx, evaluatedIn)"),
}

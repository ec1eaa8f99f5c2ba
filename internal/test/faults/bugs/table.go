package bugs

import (
	"context"
	"strings"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/failover"
	"github.com/simferry/simferry/internal/test/faults/fuzz"
	"github.com/simferry/simferry/internal/test/faults/gotest"
	"github.com/simferry/simferry/internal/test/faults/jobs"
	"github.com/simferry/simferry/internal/test/faults/kill"
	"github.com/simferry/simferry/internal/test/faults/linear"
	"github.com/simferry/simferry/internal/test/faults/model"
	"github.com/simferry/simferry/internal/test/faults/outbox"
	"github.com/simferry/simferry/internal/test/faults/powercut"
	"github.com/simferry/simferry/internal/test/faults/resources"
)

// catcher runs a harness, at the size that suffices, against a program with a mutation.
type catcher struct {
	pkg   string // the package whose tests the harness builds; "" if it builds simferry
	match string // the tests, if they are ordinary ones
	run   func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error)
}

// The harnesses that the table uses.
var (
	modelled = catcher{modelTests, "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return model.Run(ctx, mutation, 5000, seed) // it ends with the first failure
	}}
	planner = catcher{"internal/fleet", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return fuzz.Properties(ctx, "internal/fleet", mutation, fuzz.Planner, seed)
	}}
	powerCuts = catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return powercut.Cuts(ctx, mutation, 150, seed)
	}}
	cutConnections = catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return resources.Cut(ctx, mutation, 8, seed)
	}}
	lostPrimary = catcher{"", "", failover.Double}
)

const modelTests = "internal/test/model"

func killSQLite(cycles int) catcher {
	return catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return kill.OnSQLite(ctx, mutation, cycles, seed)
	}}
}

func killJobs(cycles int) catcher {
	return catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return kill.JobsOnSQLite(ctx, mutation, cycles, seed)
	}}
}

func killOffers(cycles int) catcher {
	return catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return kill.OffersOnSQLite(ctx, mutation, cycles, seed)
	}}
}

func actOnJobs(times int) catcher {
	return catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return jobs.Act(ctx, mutation, true, times, seed)
	}}
}

func histories(n int) catcher {
	return catcher{modelTests, "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return linear.Run(ctx, mutation, n, seed)
	}}
}

func deliveries(kills int) catcher {
	return catcher{"", "", func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return outbox.Run(ctx, mutation, kills, seed)
	}}
}

// tests runs ordinary tests of a package, named by a regular expression. With -short they use
// SQLite only, which is enough for what does not depend on the engine.
func tests(pkg, match string) catcher { return ordinary(pkg, match, "-test.short") }

// onBothEngines returns tests that need PostgreSQL.
func onBothEngines(pkg, match string) catcher { return ordinary(pkg, match) }

func ordinary(pkg, match string, args ...string) catcher {
	return catcher{pkg, match, func(ctx context.Context, mutation faults.Mutation, _ uint64) (res faults.Result, err error) {
		test, err := gotest.Build(ctx, pkg, mutation)
		if err != nil {
			return res, err
		}
		out, err := test.Run(ctx, match, nil, append(args, "-test.timeout=10m")...) // a test that hangs shows its stacks
		if err != nil {
			return res, err
		}
		res.Trials = strings.Count(out.Text, "=== RUN")
		err = out.Judge(&res)
		return res, err
	}}
}

// Bug is a mutation and the harness that must catch it.
type Bug struct {
	Name    string // of the mutation
	Harness string
	Words   string // a regular expression that one of the harness's failures must match
	catch   catcher
}

// Tests returns the package and the pattern of the ordinary tests that must catch the bug; "" if
// another harness must.
func (b Bug) Tests() (pkg, match string) {
	if b.catch.match == "" {
		return "", ""
	}
	return b.catch.pkg, b.catch.match
}

// Table has every mutation of internal/test/faults/mutants.
var Table = []Bug{
	// Crashes: a kill in the middle shows what is not one transaction.
	{"split_commit", "kill-sqlite", `I\d+: fsck`, killSQLite(60)},
	{"ledger_outside", "kill-sqlite", `I[34]: fsck`, killSQLite(60)},
	{"event_after_commit", "kill-sqlite", `I8: fsck`, killSQLite(60)},
	{"audit_outside", "kill-sqlite", `I8: fsck`, killSQLite(60)},
	{"key_outside", "kill-sqlite", `I[67]:`, killSQLite(60)},
	{"ack_early", "kill-sqlite", `I5:`, killSQLite(60)},
	{"checksum", "kill-sqlite", `I13: fsck`, killSQLite(1)},
	{"chain_forgets", "kill-sqlite", `I9: fsck`, killSQLite(1)},
	{"tally_lost", "kill-sqlite", `fsck`, killSQLite(1)},

	{"group_answers_early", "tests", `is not committed`, tests("internal/store", "^TestGroupReturnsAfterCommit$")},
	{"group_undone", "tests", `committed: `, tests("internal/store", "^TestGroupMemberFailsAlone$")},
	{"group_refusal_stays", "tests", `errors: \[refused refused`, tests("internal/store", "^TestGroupCommitFails$")},
	{"group_interrupted", "tests", `errors: `, tests("internal/store", "^TestGroupContextUndoesNoOthers$")},

	{"job_cursor_outside", "jobs-kill-sqlite", `I15: .* its progress is`, killJobs(60)},
	{"job_verdict_after_commit", "jobs-kill-sqlite", `I15:`, killJobs(60)},
	{"offer_accepted_after_commit", "offers-kill-sqlite", `I20|I6: accept`, killOffers(60)},
	{"offer_marks_outside", "offers-kill-sqlite", `I20`, killOffers(60)},
	{"job_action_unlocked", "jobs-race", `I15:`, actOnJobs(300)},

	// Power cuts.
	{"sync_normal", "power-cut", `I5: .* does not exist`, powerCuts},
	{"sync_off", "power-cut", `I(1|12): `, powerCuts},

	// Broken connections and databases.
	{"unknown_commit", "resources", `I[67]: `, cutConnections},

	{"replay_early", "failover", `I[56]: `, lostPrimary},

	// Mails.
	{"mail_outside", "outbox", `I6: .* was refused`, deliveries(60)},
	{"mail_once", "outbox", `I10: .* never arrived`, deliveries(10)},
	{"mail_renamed", "outbox", `I10: .* no mail has`, deliveries(4)},

	// Concurrency.
	{"source_guard", "linear", `not linearizable|I\d+:`, histories(8)},
	{"lock_order", "linear", `deadlock`, histories(8)},

	// The planner.
	{"range_end", "fuzz", `_test.go`, planner},
	{"limit_501", "fuzz", `_test.go`, planner},
	{"first_source", "fuzz", `_test.go`, planner},
	{"target_role", "fuzz", `_test.go`, planner},
	{"one_way_border", "fuzz", `_test.go`, planner},
	{"rule_failure_permits", "fuzz", `_test.go`, planner},
	{"rule_unread_permits", "fuzz", `_test.go`, planner},
	{"rule_ended_applies", "fuzz", `_test.go`, planner},
	{"rule_early", "fuzz", `_test.go`, planner},
	{"rule_of_target_forgotten", "fuzz", `_test.go`, planner},
	{"rule_approved_any", "fuzz", `_test.go`, planner},
	{"first_reason", "fuzz", `_test.go`, planner},
	{"detach_forgets", "fuzz", `_test.go`, planner},
	{"not_suspended", "fuzz", `_test.go`, planner},
	{"version_kept", "fuzz", `_test.go`, planner},

	// Rules of a whole server.
	{"dry_run_writes", "model", `differ|I\d+:`, modelled},
	{"match_ignored", "model", `differ|I\d+:`, modelled},
	{"replay_before_rights", "model", `differ|I\d+:`, modelled},
	{"key_global", "model", `differ|I\d+:`, modelled},
	{"other_request", "model", `differ|I\d+:`, modelled},
	{"foreign_seen", "model", `differ|I\d+:`, modelled},
	{"suspended_user", "model", `differ|I\d+:`, modelled},
	{"event_at_target", "model", `differ|I\d+:`, modelled},

	// Ordinary tests of what callers may see, do and use up. The words are those of the test that
	// must fail; many of these tests have only one way to fail.
	{"rights_early", "tests", `revoked|answered|: 20\d`, tests("internal/httpapi", "^TestLateBodies$")},
	{"body_budget", "tests", `admission_test.go`, tests("internal/httpapi", "^TestBodiesShareMemory$")},
	{"body_unbounded", "tests", `gate_test.go`, tests("internal/limit", "^TestBudget$")},
	{"anonymous_gzip", "tests", `admission_test.go`, tests("internal/httpapi", "^TestAnonymousBodies$")},
	{"gate_no_turns", "tests", `let in`, tests("internal/limit", "^TestGateTakesTurns$")},
	{"ledger_sides", "tests", `sees 3 SIMs`, tests("internal/httpapi", "^TestLedgerBySide$")},
	{"undo_without_status", "tests", `before:`, tests("internal/httpapi", "^TestContract_UndoRestores$")},
	{"undo_of_changed", "tests", `want 409`, tests("internal/httpapi", "^TestContract_UndoChanged$")},
	{"job_lease_unchecked", "tests", `a step without a lease`, tests("internal/httpapi", "^TestContract_JobLeaseIsFenced$")},
	{"job_verdicts_unwritten", "tests", `, want `, tests("internal/httpapi", "^TestContract_JobIsPlannedStartedAndDone$")},
	{"job_rights_once", "tests", `2 done`, tests("internal/httpapi", "^TestContract_JobNeedsItsRightsInEachChunk$")},
	{"job_plan_unfrozen", "tests", `2 done`, tests("internal/httpapi", "^TestContract_JobDoesNotMoveDriftedSIMs$")},
	{"job_undo_without_status", "tests", `before \+after`, tests("internal/httpapi", "^TestContract_JobUndo$")},
	{"job_conflict_ignored", "tests", `1 done`, tests("internal/httpapi", "^TestContract_JobOnConflict$")},
	{"job_sims_shown", "tests", `verdicts`, tests("internal/httpapi", "^TestContract_JobRights$")},
	{"ledger_lines", "tests", `of one source: GET .* shows`, tests("internal/httpapi", "^TestLedgerHidesOtherSources$")},
	{"counters_share", "tests", `are the same row`, tests("internal/control", "^TestCountersShareNoRow$")},
	{"terminal_c1", "tests", `_test.go`, tests("internal/cli", "^TestNamesOfAServerAreEscaped$")},
	{"offer_code_reused", "tests", `_test.go`, tests("internal/httpapi", "^TestOffersAtOnce$")},
	{"offer_code_sender", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_ReceivingCodesTellNothing$")},
	{"offer_giver_left", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_OfferNeedsBothSides$")},
	{"offer_source_suspended", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_OfferNeedsBothSides$")},
	{"offer_unmarked", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_OfferMarksSIMs$")},
	{"offer_after_end", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_OfferExpires$")},
	{"offer_answered_twice", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_OfferEndsOnce$|^TestContract_OfferIsAcceptedByAJob$")},
	{"offer_user_shown", "tests", `shows target@example`, tests("internal/httpapi", "^TestOffersHideUsersOfTheOtherSide$")},
	{"approval_own", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_Approval$")},
	{"approval_other_plan", "tests", `_test.go`, tests("internal/httpapi", "^TestContract_Approval$")},
	{"approval_role_lost", "tests", `no longer Administrator`, tests("internal/httpapi", "^TestContract_ApprovalIsVoid$")},
	{"whatif_failure_permits", "tests", `_test.go`, tests("internal/operatorapi", "^TestOperatorWhatIf")},
	{"whatif_without_workspaces", "tests", `_test.go`, tests("internal/operatorapi", "^TestOperatorWhatIf")},
	{"whatif_class_too_wide", "tests", `_test.go`, tests("internal/fleet", "^TestWhatIf")},
	{"whatif_day_forgotten", "tests", `_test.go`, tests("internal/fleet", "^TestWhatIf")},
	{"whatif_later_move", "tests", `_test.go`, tests("internal/operatorapi", "^TestOperatorWhatIf")},
	{"csv_formula", "tests", `_test.go`, tests("internal/cli", "^TestReportsContainNoFormulas$")},
	{"hidden_names", "tests", `_test.go`, tests("internal/httpapi", "^TestHiddenCharactersAreRefused$")},
	{"redirects", "tests", `redirect_test.go`, tests("client", "^TestNoRedirectIsFollowed$")},
	{"switch_extends", "tests", `status 200, want 401`, tests("internal/httpapi", "^TestContract_SwitchExtendsNothing$")},
	{"key_everywhere", "tests", `replayed: true|in another Workspace`, tests("internal/httpapi", "^TestContract_KeyOfAWorkspace$")},
	{"audit_unlinked", "tests", `passes audit verify`, tests("internal/store/fsck", "^TestAuditTamperingSQLite$")},
	{"audit_cut", "tests", `passes audit verify`, tests("internal/store/fsck", "^TestAuditTamperingSQLite$")},
	{"secret_readable", "tests", `_test.go`, tests("internal/server", "^TestReadableOperatorTokensAreRefused$")},
	{"mapped_network", "tests", `_test.go`, tests("internal/httpapi", "^TestNetworksThatMatchNothing$")},
	{"dsn_at_sign", "tests", `_test.go`, tests("internal/dburl", "^TestASecondAtSignIsRefusedWithTheCure$")},
	{"dsn_printed", "tests", `Redact of`, tests("internal/dburl", "^TestNothingOfAMalformedURLIsQuoted$")},
	{"refresh_lost", "tests", `_test.go`, tests("internal/httpapi", "^TestRefreshAnswerLost$")},
	{"refresh_theft", "tests", `_test.go`, tests("internal/httpapi", "^TestRefreshTheft$")},

	// Files, filters, queries, runs and sessions of clients.
	{"from_ignored", "tests", `_test.go`, tests("internal/cli", "^TestFilteredWhileOthersMove$")},
	{"no_last_look", "tests", `_test.go`, tests("internal/cli", "^TestFilteredWhileOthersMove$")},
	{"one_pass", "tests", `_test.go`, tests("internal/cli", "^TestFilteredWhileOthersMove$")},
	{"rounded_repeats", "tests", `_test.go`, tests("internal/cli", "^TestEveryReaderRefusesUncertainNumbers$")},
	{"rounded_file", "tests", `_test.go`, tests("internal/cli", "^TestEveryReaderRefusesUncertainNumbers$")},
	{"number_cell", "tests", `_test.go`, tests("internal/cli", "^TestEveryReaderRefusesUncertainNumbers$")},
	{"two_columns", "tests", `_test.go`, tests("internal/cli", "^TestEveryReaderRefusesUncertainNumbers$")},
	{"query_unparsed", "tests", `status 20\d, want 400`, tests("internal/httpapi", "^TestMalformedQueries$")},
	{"query_twice", "tests", `status 20\d, want 400`, tests("internal/httpapi", "^TestMalformedQueries$")},
	{"query_misspelt", "tests", `status 204, want 400`, tests("internal/httpapi", "^TestMisspeltParametersOfWrites$")},
	{"tag_coding", "tests", `_test.go`, tests("internal/fleet", "^TestParsePreviewAcceptsATagWithACoding$")},
	{"tag_loop", "tests", `_test.go`, tests("internal/cli/bulk", "^TestChangedEntityTagsStopTheRun$")},
	{"ambiguous_workspace", "tests", `_test.go`, tests("internal/cli", "^TestWorkspaceByIDOrName$")},
	{"late_report", "tests", `_test.go`, tests("internal/cli", "^TestOutputFilesAreCreatedFirst$")},
	{"sqlite_parameters", "tests", `_test.go`, tests("internal/dburl", "^TestSQLiteTakesNoParameters$")},
	{"resume_keeps_refused", "tests", `_test.go`, tests("internal/cli/bulk", "^TestResumeRetriesAfterTheRoleIsBack$")},
	{"renewal_unsaved", "tests", `the session has ended`, tests("internal/cli/profile", "^TestProcessesTakeTurns$")},
	{"previous_unused", "tests", `_test.go`, tests("internal/cli/profile", "^TestServerWithoutTheSession$")},
	{"plan_edited", "tests", `_test.go`, tests("internal/cli/bulk", "^TestEditedPlanFile$")},
	{"plan_mismatch", "tests", `_test.go`, tests("internal/cli/bulk", "^TestConfirmDetectsEdits$")},

	// Requests of existing clients.
	{"null_body", "tests", `_test.go`, tests("internal/httpapi", "^TestNullAndMarkedBodies$")},
	{"null_item", "tests", `want 400`, tests("internal/httpapi", "^TestNullAndMarkedBodies$")},
	{"sort_plus", "tests", `_test.go`, tests("internal/httpapi", "^TestSortPlus$")},
	{"owner_kept", "tests", `_test.go`, tests("internal/httpapi", "^TestEmptyReferences$")},
	{"allow_of_template", "tests", `_test.go`, tests("internal/httpapi", "^TestFixedPathsAreNoParameters$")},
	{"trailing_slash", "tests", `_test.go`, tests("internal/httpapi", "^TestPathsWithMoreSlashes$")},
	{"foreign_user_read", "tests", `differ`, tests("internal/httpapi", "^TestForeignAndAbsentTakeTheSamePath$")},
	{"foreign_number_read", "tests", `differ`, tests("internal/store", "^TestFiltersDoTheSameWork$")},
	{"foreign_profile_read", "tests", `differ`, tests("internal/store", "^TestFiltersDoTheSameWork$")},
	{"hung_up", "tests", `level=ERROR`, tests("internal/httpapi", "^TestClientDisconnectIsNotAnError$")},
	{"hop_port", "tests", `_test.go`, tests("internal/netaddr", "^TestParseHop$")},
	{"connections_unbounded", "tests", `_test.go`, tests("internal/limit", "^TestNewConnectionIsClosedIfAllAreBusy$")},

	// Locks, files, clocks and checks of the database.
	{"lock_holds_connection", "tests", `another row`, onBothEngines("internal/store", "^TestWaitingForALockIsBounded$")},
	{"frozen_keeps_locks", "tests", `_test.go`, onBothEngines("internal/store", "^TestACutOffServerLosesItsLocks$")},
	{"workspaces_unlocked", "tests", `wait for a lock, want 1`, onBothEngines("internal/httpapi", "^TestATargetChangesBeforeOrAfterAMigration$")},
	{"done_twice", "tests", `_test.go`, onBothEngines("internal/httpapi", "^TestLostCommitWithoutABearer$")},
	{"pages_unchecked", "tests", `_test.go`, onBothEngines("internal/store/fsck", "^TestFsckFindsDamagedPages$")},
	{"file_replaced", "tests", `_test.go`, tests("internal/store", "^TestFileRemovedOrReplacedWhileServing$")},
	{"clock_sweeps", "tests", `sweep: <nil>`, tests("internal/operator", "^TestWrongClockDeletesNothing$")},
	{"clock_bearers", "tests", `_test.go`, onBothEngines("internal/operator", "^TestClockAgainstPostgres$")},
	{"log_grows", "tests", `_test.go`, tests("internal/store", "^TestLargeWALIsTruncated$")},
	{"seal_ignored", "tests", `_test.go`, tests("internal/store/fsck", "^TestFsckColumnsSQLite$")},
	{"crash_counts", "tests", `Too many failed attempts`, tests("internal/control", "^TestInterruptedSignInIsNotAGuess$")},
}

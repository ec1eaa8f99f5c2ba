package bugs

import (
	"context"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/failover"
	"github.com/simferry/simferry/internal/test/faults/fuzz"
	"github.com/simferry/simferry/internal/test/faults/kill"
	"github.com/simferry/simferry/internal/test/faults/linear"
	"github.com/simferry/simferry/internal/test/faults/model"
	"github.com/simferry/simferry/internal/test/faults/outbox"
	"github.com/simferry/simferry/internal/test/faults/powercut"
	"github.com/simferry/simferry/internal/test/faults/resources"
)

// catcher runs a harness, at the size that suffices, against a program with a mutation.
type catcher func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error)

// The harnesses that the table uses.
func killSQLite(cycles int) catcher {
	return func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return kill.OnSQLite(ctx, mutation, cycles, seed)
	}
}

func modelled(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
	return model.Run(ctx, mutation, 5000, seed) // it ends with the first failure
}

func histories(n int) catcher {
	return func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return linear.Run(ctx, mutation, n, seed)
	}
}

func planner(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
	return fuzz.Properties(ctx, "internal/fleet", mutation, fuzz.Planner, seed)
}

func powerCuts(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
	return powercut.Cuts(ctx, mutation, 150, seed)
}

func cutConnections(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
	return resources.Cut(ctx, mutation, 8, seed)
}

func deliveries(kills int) catcher {
	return func(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
		return outbox.Run(ctx, mutation, kills, seed)
	}
}

// Bug is a mutation and the harness that must catch it.
type Bug struct {
	Name    string // of the mutation
	Harness string
	Words   string // a regular expression that one of the harness's failures must match
	catch   catcher
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

	// Power cuts.
	{"sync_normal", "power-cut", `I5: .* is not there`, powerCuts},
	{"sync_off", "power-cut", `I(1|12): `, powerCuts},

	// Broken connections and databases.
	{"unknown_commit", "resources", `I[67]: `, cutConnections},

	{"replay_early", "failover", `I[56]: `, failover.Double},

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
}

// Package planted names the bugs that can be built into the program on purpose, to show
// that the harnesses of internal/trust find them. Each is false, and what stands behind it
// is no part of the program, but where it was built with the bug's own tag:
//
//	go build -tags planted_split_commit ./cmd/simferry
//
// They are constants: the compiler drops what an untrue one guards. Which harness must
// catch which bug is in internal/trust/bugs.
package planted

// Bug is the name of the bug in this program, "" in every one that is shipped.
const Bug = bug

// The bugs.
const (
	SplitCommit        = bug == "split_commit"         // a migration commits its SIMs first and the rest of its record after them
	LedgerOutside      = bug == "ledger_outside"       // the ledger's lines are committed before the SIMs move
	EventAfterCommit   = bug == "event_after_commit"   // the events of a migration come in a transaction of their own
	AuditOutside       = bug == "audit_outside"        // a migration's entry in the audit log comes in a transaction of its own
	ChainForgets       = bug == "chain_forgets"        // a link of the audit log's chain does not depend on the one before it
	KeyOutside         = bug == "key_outside"          // the answer under an Idempotency-Key is stored after the commit of the effect
	ReplayEarly        = bug == "replay_early"         // a stored answer is given again without waiting for the synchronous standby
	AckEarly           = bug == "ack_early"            // a write is acknowledged before its commit, which is put off
	SourceGuard        = bug == "source_guard"         // the UPDATE does not look at the Workspace and version that were planned with, nor are they locked
	LockOrder          = bug == "lock_order"           // every other request locks its SIMs in descending order
	UnknownCommit      = bug == "unknown_commit"       // a commit whose outcome is unknown counts as one that failed
	SyncOff            = bug == "sync_off"             // SQLite writes with synchronous=OFF
	SyncNormal         = bug == "sync_normal"          // SQLite writes with synchronous=NORMAL
	Checksum           = bug == "checksum"             // no change is folded into the rolling checksum
	TallyLost          = bug == "tally_lost"           // the counts that lists are paged by are not told of a change
	EventAtTarget      = bug == "event_at_target"      // what happened to a SIM in its source Workspace is told in the target
	RangeEnd           = bug == "range_end"            // the last number of a range is left out
	Limit501           = bug == "limit_501"            // 501 SIMs are let through
	FirstSource        = bug == "first_source"         // only the first SIM's source is asked for an Administrator (1504)
	TargetRole         = bug == "target_role"          // nobody asks for the caller's role in the target
	OneWayBorder       = bug == "one_way_border"       // SIMs may leave Brazil (1505 is asked one way)
	FirstReason        = bug == "first_reason"         // a refusal tells its first reason only
	DetachForgets      = bug == "detach_forgets"       // a SIM that moves keeps its device
	NotSuspended       = bug == "not_suspended"        // an activated SIM stays activated when it moves
	VersionKept        = bug == "version_kept"         // a change does not raise the SIM's version
	DryRunWrites       = bug == "dry_run_writes"       // a dry run moves
	MatchIgnored       = bug == "match_ignored"        // If-Match is not looked at
	ReplayBeforeRights = bug == "replay_before_rights" // a key replays its answer before anybody asks for rights
	KeyGlobal          = bug == "key_global"           // a key of one caller is the same for all others
	OtherRequest       = bug == "other_request"        // another request under the same key gets the first one's answer
	ForeignSeen        = bug == "foreign_seen"         // a SIM of any Workspace can be read and patched
	SuspendedUser      = bug == "suspended_user"       // a bearer outlives the suspension of its user, and a new password
	MailOutside        = bug == "mail_outside"         // the mail of an invitation comes in a transaction of its own
	MailOnce           = bug == "mail_once"            // a mail counts as delivered before it is sent
	MailRenamed        = bug == "mail_renamed"         // each attempt at a mail has an id of its own
)

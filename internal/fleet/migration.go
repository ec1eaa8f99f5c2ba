package fleet

import "time"

// LedgerKind is the kind of a ledger entry.
type LedgerKind int8

// The kinds of ledger entries. Every transaction that changes a SIM writes exactly one.
const (
	LedgerImport    LedgerKind = 0
	LedgerMigration LedgerKind = 1
	LedgerStatus    LedgerKind = 2 // a PATCH of the status, the issuer or the reseller
	LedgerAttach    LedgerKind = 3
	LedgerDetach    LedgerKind = 4
	LedgerDelete    LedgerKind = 5
)

// Migration is a ledger entry: who moved what, when, with which options.
type Migration struct {
	ID              MigrationID
	Time            time.Time
	User            UserID
	Username        string
	Target          Workspace
	Sources         []SourceCount
	SIMs            int
	AllowedStatuses []SIMStatus
	DetachDevices   bool
	TargetAuthority Authority // by which the SIMs entered the target
	Note            Note
	RuleSet         int64        // the version of the rule set that decided it; 0 if unknown
	Job             JobID        // that wrote the entry, if the reader may see it; 0 for none
	Undo            *Undo        // of an undo, else nil
	UndoneBy        []UndoCount  // the undos of this entry that the reader may see, the oldest first
	Lines           []LedgerLine // in the order of the request; nil in a list
}

// ByOffer reports whether the SIMs were offered and accepted. Neither side then sees users or
// devices of the other.
func (m Migration) ByOffer() bool { return m.TargetAuthority == AuthorityOffer }

// Undo names the migration that an entry reverses, and says what is restored.
type Undo struct {
	Migration      MigrationID
	RestoreStatus  bool
	RestoreDevices bool
}

// UndoCount is an undo of an entry and the number of its SIMs.
type UndoCount struct {
	Migration MigrationID
	SIMs      int
}

// LedgerLine is one SIM of a migration, before and after.
type LedgerLine struct {
	SIM    SIMID
	ICCID  ICCID
	Before SIMState
	After  SIMState
}

// Package fsck checks a whole database against the invariants. It reads tables directly, and
// relies neither on constraints nor on the statements of package store.
package fsck

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// Report is the result of Run.
type Report struct {
	At     time.Time // of the snapshot
	Took   time.Duration
	Checks []Check
	// NotCovered lists what no check covers.
	NotCovered []NotCovered
	Audit      store.AuditHead // the last link of the audit log's chain
}

// OK reports whether all checks passed.
func (r Report) OK() bool {
	for _, c := range r.Checks {
		if !c.OK() {
			return false
		}
	}
	return true
}

// Check is one invariant and the result of its check.
type Check struct {
	Key       string // its name for programs
	Invariant string // its number in docs/operations/backup-and-fsck.md
	Name      string // the statement that must hold
	Counts    []Count
	Faults    int
	First     []Fault // the first of them, MaxFaults at most
	Took      time.Duration
}

// MaxFaults is how many faults a Check names; it counts the rest.
const MaxFaults = 20

// OK reports whether the invariant holds.
func (c *Check) OK() bool { return c.Faults == 0 }

// Count is the number of objects that a check has read.
type Count struct {
	What string
	N    int64
}

// Fault is one violation of an invariant.
type Fault struct {
	Kind string // of the thing: SIM, device, entry, event, Workspace, user; "" if unknown
	ID   int64
	What string
}

func (f Fault) String() string {
	if f.Kind == "" {
		return f.What
	}
	return fmt.Sprintf("%s %d: %s", f.Kind, f.ID, f.What)
}

func (c *Check) fail(kind string, id int64, format string, args ...any) {
	c.Faults++
	if len(c.First) < MaxFaults {
		c.First = append(c.First, Fault{kind, id, fmt.Sprintf(format, args...)})
	}
}

func (c *Check) count(what string, n int64) { c.Counts = append(c.Counts, Count{what, n}) }

// timed adds the time of one step to a check.
func (c *Check) timed(step func() error) error {
	began := time.Now()
	err := step()
	c.Took += time.Since(began)
	return err
}

// Run checks the whole database against the invariants; NotCovered lists what is not checked.
// It does not rely on constraints or indexes. It reads every SIM and every ledger line, in runs
// of runSize, so that its memory does not grow with the fleet. Call it in a View: in any other
// transaction it would compare different instants.
func Run(ctx context.Context, tx *store.Tx) (Report, error) { return runIn(ctx, tx, runSize) }

func runIn(ctx context.Context, tx *store.Tx, run int) (Report, error) {
	began := time.Now()
	db := tx.Reader()
	f := newChecker(db, run)
	for _, step := range []func(context.Context) error{f.wholePages, f.wholeSchema, f.allSIMs, f.wholeLedger, f.conserve, f.countedRows, f.wholeAudit, f.queries, f.listCounts} {
		err := step(ctx)
		if err != nil && f.unreadable(err) {
			break
		}
		if err != nil {
			return Report{}, err
		}
	}
	f.conclude()
	return Report{At: db.Now(), Took: time.Since(began), Checks: f.inOrder(), NotCovered: notCoveredBy(db.Dialect()), Audit: f.head}, nil
}

// runSize is how many SIMs or ledger entries are in memory at once.
const runSize = 20_000

// checker is a running check of a database.
type checker struct {
	db       store.Reader
	run      int
	sums     store.Checksums
	imported int64 // SIMs, as the ledger has it

	conserved, history, simEvents, identity Check // checked by the walk over the SIMs
	counted, targets, sides, deltas, state  Check // checked by the walk over the ledger
	done                                    []Check

	lines, events, entries, sideRows int64 // that were read

	head store.AuditHead
}

func newChecker(db store.Reader, run int) *checker {
	return &checker{
		db:        db,
		run:       run,
		conserved: Check{Key: "sims", Invariant: "I1", Name: "every imported SIM exists, once"},
		history:   Check{Key: "history", Invariant: "I4", Name: "each SIM's history has no gap and ends where the SIM is"},
		simEvents: Check{Key: "line_events", Invariant: "I8", Name: "releases, assignments and changes of status have one event each"},
		identity:  Check{Key: "identity", Invariant: "I19", Name: "what identifies each SIM is what was imported, or what the ledger changed"},
		counted:   Check{Key: "line_counts", Invariant: "I3", Name: "each ledger entry has as many lines as it counts"},
		targets:   Check{Key: "targets", Invariant: "I3", Name: "the lines of a migration share its target"},
		sides:     Check{Key: "sides", Invariant: "I3", Name: "the sides of a migration agree with its lines"},
		deltas:    Check{Key: "deltas", Invariant: "I13", Name: "each ledger entry's checksum is that of its lines"},
		state:     Check{Key: "state", Invariant: "I13", Name: "the SIMs are what all checksums amount to"},
	}
}

// conclude runs the comparisons that need the results of both walks.
func (f *checker) conclude() {
	sims := int64(f.sums.SIMs)
	f.conserved.count("SIMs", sims)
	f.history.count("SIMs", sims)
	f.history.count("lines", f.lines)
	f.simEvents.count("events", f.events)
	f.identity.count("SIMs", sims)
	f.counted.count("entries", f.entries)
	f.targets.count("lines", f.lines)
	f.sides.count("sides", f.sideRows)
	f.deltas.count("entries", f.entries)
	f.state.count("SIMs", sims)
	f.state.count("entries", f.entries)
	if f.sums.State != f.sums.Deltas {
		f.state.fail("", 0, "the SIMs' checksum is %016x, that of the ledger %016x: what the other checks do not name has changed outside the ledger",
			f.sums.State, f.sums.Deltas)
	}
}

// invariantOrder is the order of the report. A check of another invariant comes last.
var invariantOrder = []string{pagesInvariant, "I1", "I2", "I3", "I4", "I6", "I8", "I9", "I13", "I14", "I15", "I19", offersInvariant, tallyInvariant}

// inOrder returns all checks by their numbers.
func (f *checker) inOrder() []Check {
	list := []Check{f.conserved, f.counted, f.targets, f.sides, f.history, f.simEvents, f.deltas, f.state, f.identity}
	list = append(list, f.done...)
	rank := func(c Check) int {
		if n := slices.Index(invariantOrder, c.Invariant); n >= 0 {
			return n
		}
		return len(invariantOrder)
	}
	slices.SortStableFunc(list, func(a, b Check) int { return rank(a) - rank(b) })
	return list
}

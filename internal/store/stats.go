package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	turns "github.com/simferry/simferry/internal/limit"
)

// transactionKind is what a transaction may do.
type transactionKind int

const (
	kindUpdate transactionKind = iota
	kindView
	kindRead
)

var transactionKinds = [...]string{kindUpdate: "update", kindView: "view", kindRead: "read"}

// outcomes of transactions.
const (
	txCommitted  = iota // or ended, if it only read
	txRolledBack        // by the rule that ran in it
	txFailed            // because of the database
)

var outcomes = [...]string{txCommitted: "committed", txRolledBack: "rolled_back", txFailed: "failed"}

// retryReasons names the verdicts after which a transaction is tried again.
var retryReasons = map[verdict]string{
	busy: "busy", taken: "taken", away: "away", full: "full", outcomeUnknown: "commit_unknown",
}

// counts is what a Store counts since it was opened.
type counts struct {
	transactions [len(transactionKinds)][len(outcomes)]atomic.Uint64
	retries      [outcomeUnknown + 1]atomic.Uint64

	mu      sync.Mutex
	entries map[string]EntryStats
}

// entryCount is a ledger entry that a transaction has written.
type entryCount struct {
	kind string
	sims int
}

func (c *counts) ended(kind transactionKind, err error) {
	outcome := txCommitted
	switch {
	case err == nil:
	case fleet.CodeOf(err) == fleet.Unavailable:
		outcome = txFailed
	default:
		outcome = txRolledBack
	}
	c.transactions[kind][outcome].Add(1)
}

// wrote counts the ledger entries of a committed transaction.
func (c *counts) wrote(all []entryCount) {
	if len(all) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = make(map[string]EntryStats)
	}
	for _, e := range all {
		f := c.entries[e.kind]
		c.entries[e.kind] = EntryStats{f.Entries + 1, f.SIMs + uint64(e.sims)}
	}
}

// kindName returns the kind of a change, for counts.
func (c Change) kindName() string {
	switch {
	case c.Undo != nil:
		return "undo"
	case c.Offer != 0:
		return "offer"
	}
	return ledgerKinds[c.Kind]
}

var ledgerKinds = map[fleet.LedgerKind]string{
	fleet.LedgerImport: "import", fleet.LedgerMigration: "migration", fleet.LedgerStatus: "status",
	fleet.LedgerAttach: "attach", fleet.LedgerDetach: "detach", fleet.LedgerDelete: "delete",
}

// EntryStats counts ledger entries that this Store has written, and the SIMs in them.
type EntryStats struct{ Entries, SIMs uint64 }

// PoolStats are the counts of a pool of connections.
type PoolStats struct {
	InUse, Idle, Most int
	Waits             uint64 // for a free connection
	Waited            time.Duration
}

// Stats are the counts of a Store since it was opened.
type Stats struct {
	Transactions map[[2]string]uint64 // by kind and outcome
	Retries      map[string]uint64    // by reason
	Entries      map[string]EntryStats
	Pools        map[string]PoolStats
	Lanes        map[string]turns.GateStats
	Checkpoints  map[string]uint64 // by outcome; nil on PostgreSQL
}

// Stats returns the current counts. It sends no query.
func (s *Store) Stats() Stats {
	f := Stats{
		Transactions: make(map[[2]string]uint64), Retries: make(map[string]uint64),
		Entries: make(map[string]EntryStats), Pools: make(map[string]PoolStats), Lanes: make(map[string]turns.GateStats),
	}
	for k, kind := range transactionKinds {
		for o, outcome := range outcomes {
			f.Transactions[[2]string{kind, outcome}] = s.counts.transactions[k][o].Load()
		}
	}
	for v, reason := range retryReasons {
		f.Retries[reason] = s.counts.retries[v].Load()
	}
	for _, kind := range ledgerKinds {
		f.Entries[kind] = EntryStats{}
	}
	s.counts.mu.Lock()
	for kind, n := range s.counts.entries {
		f.Entries[kind] = n
	}
	s.counts.mu.Unlock()
	if l, ok := s.engine.(*lanes); ok {
		f.Lanes["reads"], f.Lanes["writes"] = l.reads.Stats(), l.writes.Stats()
	}
	switch e := bare(s.engine).(type) {
	case *sqliteEngine:
		f.Pools["reader"], f.Pools["writer"] = sqlPool(e.readers), sqlPool(e.writer)
		f.Checkpoints = e.checkpoints.stats()
	case *pgEngine:
		stat := e.pool.Stat()
		f.Pools["main"] = PoolStats{
			InUse: int(stat.AcquiredConns()), Idle: int(stat.IdleConns()), Most: int(stat.MaxConns()),
			Waits: uint64(stat.EmptyAcquireCount()), Waited: stat.EmptyAcquireWaitTime(),
		}
	}
	return f
}

// DatabaseStats are counts that all servers of a database share.
type DatabaseStats struct {
	Ledger     fleet.MigrationID // the newest entry
	Jobs       map[string]int    // that need a server, now or later, by state
	JobsWait   time.Duration     // of the job that has been due for longest; 0 if none is due
	Mails      int               // that are not delivered
	MailsSince time.Duration     // the age of the oldest of them; 0 if there is none
}

// DatabaseStats reads the counts that all servers share.
func (s *Store) DatabaseStats(ctx context.Context) (f DatabaseStats, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		f = DatabaseStats{Jobs: make(map[string]int)}
		var ledger, due, oldest int64
		if _, err := tx.queryRow(ctx, "SELECT COALESCE(max(id), 0) FROM ledger", nil, &ledger); err != nil {
			return err
		}
		err := tx.queryEach(ctx, "SELECT state, count(*) FROM jobs WHERE next_at IS NOT NULL GROUP BY state", nil, func(r rows) error {
			var state string
			var n int
			err := r.Scan(&state, &n)
			f.Jobs[state] = n
			return err
		})
		if err != nil {
			return err
		}
		const waiting = "SELECT COALESCE(min(next_at), 0) FROM jobs WHERE next_at <= $1 AND lease_until <= $1"
		if _, err := tx.queryRow(ctx, waiting, []any{micros(tx.now)}, &due); err != nil {
			return err
		}
		const outbox = "SELECT count(*), COALESCE(min(created_at), 0) FROM mails WHERE done = 0"
		if _, err := tx.queryRow(ctx, outbox, nil, &f.Mails, &oldest); err != nil {
			return err
		}
		f.Ledger, f.JobsWait, f.MailsSince = fleet.MigrationID(ledger), tx.since(due), tx.since(oldest)
		return nil
	})
	return f, err
}

// since returns the time since a stored time, 0 for none.
func (tx *Tx) since(at int64) time.Duration {
	if at == 0 {
		return 0
	}
	return max(0, tx.now.Sub(fromMicros(at)))
}

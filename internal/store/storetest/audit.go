package storetest

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

// Entries of the audit log: one without a user and Workspace, one of a user in FleetDE.
var (
	refusedSignIn = fleet.AuditEntry{
		Action: fleet.AuditSignedIn, Refusal: fleet.BadCredentials, Address: "192.0.2.1", RequestID: "r-1", Detail: fleet.AuditDetail{Mode: "password"},
	}
	signedIn = fleet.AuditEntry{
		Actor: fleet.ActorUser, User: Admin, Action: fleet.AuditSignedIn, Address: "192.0.2.1", RequestID: "r-2", Workspaces: []fleet.WorkspaceID{FleetDE},
		Subject: fleet.Subject("user", Admin),
	}
)

var auditCases = []testCase{
	{"Chained", auditChained},
	{"CommittedLate", auditCommittedLate},
	{"LinkedByMany", auditLinkedByMany},
	{"HeadNotedElsewhere", auditHeadNoted},
	{"RolledBack", auditRolledBack},
	{"ClockBehind", auditClockBehind},
}

// audited writes entries, each in its own transaction.
func (e *env) audited(entries ...fleet.AuditEntry) {
	e.Helper()
	for _, entry := range entries {
		e.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertAudit(ctx, entry) })
	}
}

// link links entries and returns their number.
func (e *env) link(most int) (n int) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) (err error) {
		n, err = tx.LinkAudit(ctx, most)
		return err
	})
	return n
}

// verified checks that the chain is sound, and returns its last link.
func (e *env) verified(links int64) store.AuditHead {
	e.Helper()
	r := e.verify(store.AuditHead{})
	if !r.OK() || r.Head.Seq != links {
		e.Errorf("the chain has %d links, want %d; faults %v", r.Head.Seq, links, r.First)
	}
	return r.Head
}

func (e *env) verify(noted store.AuditHead) (r fsck.AuditReport) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		r, err = fsck.VerifyAudit(ctx, tx, noted)
		return err
	})
	return r
}

func auditChained(e *env) {
	e.fleet()
	e.verified(0)
	e.audited(refusedSignIn, signedIn)
	e.clock.advance(time.Second)
	e.migrate("m1", FleetAT, 11)
	e.verified(0)
	if n := e.link(2); n != 2 {
		e.Errorf("%d of 2 were linked", n)
	}
	first := e.verified(2)
	if n := e.link(100); n != 1 {
		e.Errorf("%d of the last 1 were linked", n)
	}
	second := e.verified(3)
	if n := e.link(100); n != 0 || bytes.Equal(first.Hash, second.Hash) {
		e.Errorf("%d were linked twice, and the head went from %x to %x", n, first.Hash, second.Hash)
	}
}

// Entries that were written while the clock was behind are linked, whether the clock is set right
// before the next linking or after it.
func auditClockBehind(e *env) {
	e.audited(signedIn)
	e.link(100)
	for i, rightFirst := range []bool{true, false} {
		e.clock.advance(-30 * time.Minute)
		e.audited(signedIn, refusedSignIn)
		if rightFirst {
			e.clock.advance(30 * time.Minute)
		}
		if n := e.link(100); n != 2 {
			e.Errorf("%d of 2 were linked, clock set right first: %v", n, rightFirst)
		}
		if !rightFirst {
			e.clock.advance(30 * time.Minute)
		}
		e.verified(int64(3 + 2*i))
	}
}

// On PostgreSQL an entry with a lower id can be committed after one with a higher id; it must
// still be linked.
func auditCommittedLate(e *env) {
	if e.s.Dialect() == store.SQLite {
		e.audited(signedIn, refusedSignIn)
		e.link(100)
		e.verified(2)
		return // which has one writer at a time
	}
	inserted, quick, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
			if err := tx.InsertAudit(ctx, signedIn); err != nil {
				return err
			}
			close(inserted)
			<-quick
			return nil
		})
	}()
	<-inserted
	e.audited(refusedSignIn)
	if n := e.link(100); n != 1 {
		e.Errorf("%d were linked, want the one that is committed", n)
	}
	close(quick)
	if err := <-done; err != nil {
		e.Fatal(err)
	}
	if n := e.link(100); n != 1 {
		e.Errorf("%d were linked, want the one that came late", n)
	}
	e.verified(2)
}

// Servers that link concurrently neither link twice nor leave a gap.
func auditLinkedByMany(e *env) {
	const entries, linkers = 30, 4
	var wg sync.WaitGroup
	for i := range linkers {
		wg.Go(func() {
			for range entries {
				if err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error { return tx.InsertAudit(ctx, signedIn) }); err != nil {
					e.Error(err)
				}
				err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.LinkAudit(ctx, 1+i)
					return err
				})
				if err != nil {
					e.Error(err)
				}
			}
		})
	}
	wg.Wait()
	e.link(entries * linkers)
	e.verified(entries * linkers)
}

// A noted link shows that the history before it was changed or shortened.
func auditHeadNoted(e *env) {
	e.audited(signedIn, refusedSignIn)
	e.link(1)
	noted := e.verified(1)
	e.link(1)
	if r := e.verify(noted); !r.OK() {
		e.Errorf("the noted link is not found: %v", r.First)
	}
	for name, other := range map[string]store.AuditHead{
		"another hash": {Seq: 1, Hash: make([]byte, len(noted.Hash))}, "beyond the end": {Seq: 3, Hash: noted.Hash},
	} {
		if r := e.verify(other); r.Faults != 1 {
			e.Errorf("%s: %d faults", name, r.Faults)
		}
	}
}

// A rollback leaves no entry.
func auditRolledBack(e *env) {
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertAudit(ctx, signedIn); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil || e.link(100) != 0 {
		e.Errorf("%v, and there is an entry", err)
	}
}

package operator

import (
	"context"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

// FsckReport is the result of a check of the whole database.
type FsckReport = fsck.Report

// FsckCheck is one invariant and whether it holds.
type FsckCheck = fsck.Check

// FsckNotCovered is a part of the database that no check covers.
type FsckNotCovered = fsck.NotCovered

// AuditHead is a link of the audit log's chain.
type AuditHead = store.AuditHead

// AuditReport is the result of a check of the audit log's chain.
type AuditReport = fsck.AuditReport

// VerifyAudit checks the audit log's chain. It also checks that the chain still contains a head
// that was saved elsewhere, unless that is the zero AuditHead. It opens the database as
// FsckDatabase does.
func VerifyAudit(ctx context.Context, url string, noted AuditHead) (report AuditReport, err error) {
	s, err := store.Inspect(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		return report, err
	}
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		report, err = fsck.VerifyAudit(ctx, tx, noted)
		return err
	})
	if closing := s.Close(); err == nil {
		err = closing
	}
	return report, err
}

// ErrUnsound is the error of a backup, restore or copy if the database fails the check.
var ErrUnsound = fsck.ErrUnsound

// Fsck checks the whole database against the invariants, in one snapshot. It reads every SIM
// and every ledger line and writes nothing. Other transactions can write meanwhile.
func (o Operator) Fsck(ctx context.Context) (FsckReport, error) { return checked(ctx, o.store) }

func checked(ctx context.Context, s *store.Store) (report FsckReport, err error) {
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		report, err = fsck.Run(ctx, tx)
		return err
	})
	return report, err
}

// FsckDatabase runs Fsck on a database that no server needs to use: it opens the database
// read-only, and neither creates nor migrates it. Errors: the database does not exist or has
// another schema.
func FsckDatabase(ctx context.Context, url string) (report FsckReport, err error) {
	s, err := store.Inspect(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		return report, err
	}
	report, err = checked(ctx, s)
	if closing := s.Close(); err == nil {
		err = closing
	}
	return report, err
}

// RebuildCounts recomputes the counts that lists take their totals and pages from. Servers of
// this version may run meanwhile; their writes wait for it. Errors: like FsckDatabase.
func RebuildCounts(ctx context.Context, url string) error { return store.RebuildCountsOf(ctx, url) }

// BackUpDatabase copies a SQLite database, also while a server uses it, into a new file. The
// report is about the copy. Errors: ErrUnsound; the database is PostgreSQL, which has its own
// tools for backups.
func BackUpDatabase(ctx context.Context, url, file string) (FsckReport, error) {
	return fsck.Backup(ctx, url, file)
}

// RestoreDatabase copies a backup to the SQLite database of the URL, which must not exist yet.
// The report is about the copy. Errors: like BackUpDatabase.
func RestoreDatabase(ctx context.Context, file, url string) (FsckReport, error) {
	return fsck.Restore(ctx, file, url)
}

// CopyProgress is the state of a copy.
type CopyProgress = store.CopyProgress

// CopyResult is what a complete copy has.
type CopyResult = store.CopyResult

// CopyDatabase copies a database to an empty one of the other engine, which no server may have
// open. Called again, it continues a copy that was interrupted. The report is about the copy, or
// about the source if that fails the check. Errors: ErrUnsound; those of store.Copy.
func CopyDatabase(ctx context.Context, from, to string, progress func(CopyProgress)) (CopyResult, FsckReport, error) {
	return fsck.Copy(ctx, from, to, progress)
}

package control

import (
	"context"

	"github.com/simferry/simferry/internal/store"
)

// FsckReport is what a check of the whole database found out.
type FsckReport = store.Report

// FsckCheck is one thing that must always hold, and whether it does.
type FsckCheck = store.Check

// FsckNotCovered is a part of the database that no check looks at.
type FsckNotCovered = store.NotCovered

// AuditHead is a link of the audit log's chain.
type AuditHead = store.AuditHead

// AuditReport is what a check of the audit log's chain found out.
type AuditReport = store.AuditReport

// VerifyAudit checks the audit log's chain, and whether it still has a link that was noted
// elsewhere; the zero AuditHead is none. It opens the database as FsckDatabase does.
func VerifyAudit(ctx context.Context, url string, noted AuditHead) (report AuditReport, err error) {
	s, err := store.Inspect(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		return report, err
	}
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		report, err = tx.VerifyAudit(ctx, noted)
		return err
	})
	if closing := s.Close(); err == nil {
		err = closing
	}
	return report, err
}

// ErrUnsound is the error of a backup or a restore whose copy does not pass the check.
var ErrUnsound = store.ErrUnsound

// Fsck checks the whole database against the invariants, on one snapshot. It reads every
// SIM and every ledger line, and writes nothing; others may go on writing meanwhile.
func (o Operator) Fsck(ctx context.Context) (FsckReport, error) { return fsck(ctx, o.c.store) }

func fsck(ctx context.Context, s *store.Store) (report FsckReport, err error) {
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		report, err = tx.Fsck(ctx)
		return err
	})
	return report, err
}

// FsckDatabase is Fsck on a database that need not be served by this program: it is opened
// for nothing but this, not created, and not brought up to date. Errors: the database is
// not there, or of another schema.
func FsckDatabase(ctx context.Context, url string) (report FsckReport, err error) {
	s, err := store.Inspect(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		return report, err
	}
	report, err = fsck(ctx, s)
	if closing := s.Close(); err == nil {
		err = closing
	}
	return report, err
}

// BackUpDatabase copies a SQLite database, also while it is served, into a file that is
// not there yet. The report is that of the copy.
// Errors: ErrUnsound; the database is PostgreSQL, which has tools of its own for this.
func BackUpDatabase(ctx context.Context, url, file string) (FsckReport, error) {
	return store.Backup(ctx, url, file)
}

// RestoreDatabase makes a backup the SQLite database that the URL names, where there is
// none yet. The report is that of the copy. Errors: as those of BackUpDatabase.
func RestoreDatabase(ctx context.Context, file, url string) (FsckReport, error) {
	return store.Restore(ctx, file, url)
}

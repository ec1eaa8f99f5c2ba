package fsck

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/store"
)

// ErrUnsound is the error of Backup, Restore and Copy if the database has faults.
var ErrUnsound = errors.New("the database does not pass fsck")

// Backup makes a backup with store.Backup and checks the copy. The report is about the copy; the
// error is ErrUnsound if it has faults.
func Backup(ctx context.Context, url, file string) (report Report, err error) {
	err = store.Backup(ctx, url, file, sound(ctx, &report))
	return report, err
}

// Restore restores a backup with store.Restore and checks the copy. The report is about the copy;
// the error is ErrUnsound if it has faults.
func Restore(ctx context.Context, backup, url string) (report Report, err error) {
	err = store.Restore(ctx, backup, url, sound(ctx, &report))
	return report, err
}

// sound returns a check that fails if the database has faults.
func sound(ctx context.Context, report *Report) func(*store.Store) error {
	return func(s *store.Store) error {
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			*report, err = Run(ctx, tx)
			return err
		})
		if err == nil && !report.OK() {
			err = ErrUnsound
		}
		return err
	}
}

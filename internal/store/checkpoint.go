package store

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// checkpointer copies the write-ahead log into the database file on a connection of its own, so
// that no commit waits for it. A passive checkpoint never blocks a writer. When the log is
// large, it is truncated, which waits briefly for readers that still need it.
type checkpointer struct {
	wake     chan struct{}
	done     chan struct{}
	quit     context.CancelFunc
	files    *sqliteFiles
	tooLarge int // pages
	grown    int // pages of the log when the last warning was logged

	succeeded, blocked, failures atomic.Uint64
}

const (
	checkpointEvery = 16    // commits between two checkpoints
	walTooLarge     = 16384 // pages: 64 MiB
	walWarning      = 8     // times walTooLarge; then at each doubling

	// While a truncation waits for readers, writers are blocked.
	truncatePatience = "PRAGMA busy_timeout = 200"
)

func startCheckpointer(dsn string, files *sqliteFiles, tooLarge int) *checkpointer {
	ctx, quit := context.WithCancel(context.Background())
	c := &checkpointer{wake: make(chan struct{}, checkpointEvery), done: make(chan struct{}), quit: quit, files: files, tooLarge: tooLarge}
	go c.run(ctx, dsn)
	return c
}

// committed reports one more commit; it never waits.
func (c *checkpointer) committed() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) stop() {
	c.quit()
	<-c.done
}

func (c *checkpointer) run(ctx context.Context, dsn string) {
	defer close(c.done)
	db, err := openPool(dsn + "&_pragma=wal_autocheckpoint(0)")
	if err != nil {
		slog.Error("checkpoint", "err", err)
		return
	}
	db.SetMaxOpenConns(1)
	defer func() { _ = db.Close() }()
	large := false
	for commits := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
			commits++
		case <-time.After(time.Second): // idle: checkpoint the rest
			if commits > 0 || large {
				commits = checkpointEvery
			}
		}
		if commits >= checkpointEvery {
			commits = 0
			large = c.checkpoint(ctx, db)
		}
	}
}

// checkpoint reports whether the log is still too large because a reader prevented its
// truncation. It is then tried again even without further writes. Nothing is copied into a file
// that is not the one that was opened. The check that follows sees what was copied.
func (c *checkpointer) checkpoint(ctx context.Context, db *sql.DB) (large bool) {
	if c.files.check() != nil {
		return false // requests report it
	}
	defer func() { _ = c.files.check() }()
	var blocked, logged, copied int
	err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&blocked, &logged, &copied)
	if err == nil && logged > c.tooLarge {
		large, err = truncate(ctx, db)
	}
	switch {
	case err != nil:
		c.failures.Add(1)
	case large:
		c.blocked.Add(1)
	default:
		c.succeeded.Add(1)
	}
	if err != nil && ctx.Err() == nil {
		slog.Warn("checkpoint", "err", err) // the log only grows; the next one catches up
	}
	c.warn(logged, large)
	return large
}

// warn logs that the log grows, once for each doubling of its size.
func (c *checkpointer) warn(pages int, large bool) {
	switch {
	case !large:
		c.grown = 0
	case pages >= max(walWarning*c.tooLarge, 2*c.grown):
		c.grown = pages
		slog.Warn("the write-ahead log grows: a reader (an export, a backup, fsck) has held the same snapshot for long",
			"mib", pages>>8) // pages of 4 KiB
	}
}

// truncate empties the log unless a reader prevents it for long. The timeout is set each time,
// because a new connection has the longer timeout of writers.
func truncate(ctx context.Context, db *sql.DB) (blocked bool, err error) {
	if _, err := db.ExecContext(ctx, truncatePatience); err != nil {
		return true, err
	}
	var logged, copied int
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &logged, &copied)
	return blocked || err != nil, err
}

// WALBytes returns the size of SQLite's write-ahead log on the disk; 0 on PostgreSQL. It
// returns to 0 when a large log is truncated.
func (s *Store) WALBytes() (int64, error) {
	e, ok := bare(s.engine).(*sqliteEngine)
	if !ok {
		return 0, nil
	}
	info, err := os.Stat(e.files.names[1])
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

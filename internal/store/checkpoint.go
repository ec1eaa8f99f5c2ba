package store

import (
	"context"
	"database/sql"
	"log/slog"
	"time"
)

// checkpointer copies the write-ahead log into the database file on a connection of its
// own, so that no commit waits for it. A passive checkpoint never blocks a writer; once
// the log is large, one that resets it is worth a short wait.
type checkpointer struct {
	wake     chan struct{}
	done     chan struct{}
	quit     context.CancelFunc
	tooLarge int // pages
}

const (
	checkpointEvery = 16    // commits between two checkpoints
	walTooLarge     = 32768 // pages: 128 MiB

	// While a reset waits for readers, no writer gets in.
	resetPatience = "PRAGMA busy_timeout = 200"
)

func startCheckpointer(dsn string, tooLarge int) *checkpointer {
	ctx, quit := context.WithCancel(context.Background())
	c := &checkpointer{wake: make(chan struct{}, checkpointEvery), done: make(chan struct{}), quit: quit, tooLarge: tooLarge}
	go c.run(ctx, dsn)
	return c
}

// committed tells of one more commit; it never waits.
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
	for commits := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
			commits++
		case <-time.After(time.Second): // a quiet moment: whatever is left
			commits += checkpointEvery * min(commits, 1)
		}
		if commits >= checkpointEvery {
			commits = 0
			c.checkpoint(ctx, db)
		}
	}
}

func (c *checkpointer) checkpoint(ctx context.Context, db *sql.DB) {
	var blocked, logged, copied int
	err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&blocked, &logged, &copied)
	if err == nil && logged > c.tooLarge {
		err = reset(ctx, db)
	}
	if err != nil && ctx.Err() == nil {
		slog.Warn("checkpoint", "err", err) // the log only grows; the next one catches up
	}
}

// reset has the log begin anew where no reader is in its way for long. The patience is set
// each time, for the connection may be a new one, and the DSN's is that of writers.
func reset(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, resetPatience); err != nil {
		return err
	}
	var blocked, logged, copied int
	return db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(RESTART)").Scan(&blocked, &logged, &copied)
}

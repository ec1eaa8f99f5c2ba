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
	wake chan struct{}
	done chan struct{}
	quit context.CancelFunc
}

// checkpointEvery is the number of commits between two checkpoints.
const (
	checkpointEvery = 16
	walTooLarge     = 32768 // pages: 128 MiB
)

func startCheckpointer(dsn string) *checkpointer {
	ctx, quit := context.WithCancel(context.Background())
	c := &checkpointer{wake: make(chan struct{}, checkpointEvery), done: make(chan struct{}), quit: quit}
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
	db, err := sql.Open("sqlite", dsn+"&_pragma=wal_autocheckpoint(0)")
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
			checkpoint(ctx, db)
		}
	}
}

func checkpoint(ctx context.Context, db *sql.DB) {
	var blocked, logged, copied int
	err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&blocked, &logged, &copied)
	if err == nil && logged > walTooLarge {
		err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(RESTART)").Scan(&blocked, &logged, &copied)
	}
	if err != nil && ctx.Err() == nil {
		slog.Warn("checkpoint", "err", err) // the log only grows; the next one catches up
	}
}

package operator

import (
	"context"
	"time"
)

// Ready calls Control.Ready.
func (o Operator) Ready(ctx context.Context) error { return o.c.Ready(ctx) }

// HealthFigures returns values to monitor: the size of SQLite's write-ahead log in bytes, and how
// far the clock was ahead of the database's at the last comparison.
func (o Operator) HealthFigures() (walBytes int64, clockAhead time.Duration) {
	walBytes, _ = o.store.WALBytes() // if the file cannot be read, Ready fails too
	return walBytes, o.store.ClockAhead()
}

package store

import "database/sql"

func sqlPool(db *sql.DB) PoolStats {
	stats := db.Stats()
	return PoolStats{
		InUse: stats.InUse, Idle: stats.Idle, Most: stats.MaxOpenConnections,
		Waits: uint64(stats.WaitCount), Waited: stats.WaitDuration,
	}
}

// stats returns how many checkpoints there were, by outcome. A blocked one has copied what it
// could, but a reader kept the log from being truncated.
func (c *checkpointer) stats() map[string]uint64 {
	return map[string]uint64{"done": c.succeeded.Load(), "blocked": c.blocked.Load(), "failed": c.failures.Load()}
}

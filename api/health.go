package api

// Health is the body of /healthz and /readyz: Status is "ok" or "unavailable". Reason explains
// an unavailable status; only the operator API sends it.
type Health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// OperatorHealth is the readiness response of the operator API.
type OperatorHealth struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	// WALBytes is the size of SQLite's write-ahead log, 0 on PostgreSQL.
	WALBytes int64 `json:"wal_bytes"`
	// ClockAheadMS is how far the server's clock is ahead of the database's, in milliseconds;
	// never more than 0 on SQLite.
	ClockAheadMS int64 `json:"clock_ahead_ms"`
}

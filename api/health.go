package api

// Health is the body of /healthz and /readyz: Status is "ok" or "unavailable". Reason says why
// it is not ok; only the operator API sends it.
type Health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

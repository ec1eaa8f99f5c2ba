package api

// Health is the answer of /healthz and /readyz: Status is "ok" or "unavailable", and Reason
// says why it is not ok.
type Health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

package api

// Batch is the SIMs of a batch: what PATCH /api/v1/sim_batch/bic/{bic} has brought into
// the Workspace, or would bring.
type Batch struct {
	SIMs []SIM `json:"sim"`
}

// BatchRegistration is the body of PATCH /api/v1/sim_batch/bic/{bic}: the status that the
// SIMs are to have, 0 Issued or 1 Activated, in one of two forms. SIMStatus is the first;
// the second is the reference itself, as one published SDK sends it.
type BatchRegistration struct {
	SIMStatus   Optional[IDRef]  `json:"sim_status,omitzero"`
	ID          Optional[ID]     `json:"id,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
}

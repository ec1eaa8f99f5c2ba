package api

// BatchInfo is a batch that is not registered yet: the response to GET
// /api/v1/sim_batch/bic/{bic}.
type BatchInfo struct {
	ID               int64  `json:"id"` // the id of its first SIM
	BIC              string `json:"bic"`
	BSN              string `json:"bsn"`      // the same as BIC
	Quantity         int64  `json:"quantity"` // SIMs
	Status           Ref    `json:"status"`
	Model            Model  `json:"model"`
	Activated        bool   `json:"activated"` // whether it has been registered
	IssuerOrgID      int64  `json:"issuer_org_id"`
	CustomerOrgID    int64  `json:"customer_org_id"`
	ResellerOrgID    *int64 `json:"reseller_org_id"` // null for none
	SIMModelID       int64  `json:"sim_model_id"`
	SIMBatchStatusID int64  `json:"sim_batch_status_id"`
}

// Batch contains the SIMs that PATCH /api/v1/sim_batch/bic/{bic} has moved into the Workspace.
type Batch struct {
	SIMs []SIM `json:"sim"`
}

// BatchRegistration is the body of PATCH /api/v1/sim_batch/bic/{bic}: the new status of the
// SIMs, 0 Issued, 1 Activated or 4 Factory Test, in one of two forms. SIMStatus is the first;
// the second is the reference itself, as one published SDK sends it.
type BatchRegistration struct {
	SIMStatus   Optional[IDRef]  `json:"sim_status,omitzero"`
	ID          Optional[ID]     `json:"id,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
}

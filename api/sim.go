package api

import "encoding/json"

// SIM is a SIM as listings and GET /api/v1/sim/{id} return it.
type SIM struct {
	ID             int64         `json:"id"`
	ICCID          string        `json:"iccid"`           // 19 digits, without check digit
	ICCIDWithLuhn  string        `json:"iccid_with_luhn"` // 20 digits, as printed on the card
	EID            string        `json:"eid,omitempty"`
	IMSI           string        `json:"imsi"`
	MSISDN         string        `json:"msisdn"`
	Status         Ref           `json:"status"`
	ProductionDate Time          `json:"production_date"`
	ActivationDate *Time         `json:"activation_date,omitempty"` // of the first activation
	CustomerOrg    *WorkspaceRef `json:"customer_org,omitempty"`
	IssuerOrg      *WorkspaceRef `json:"issuer_org,omitempty"`
	ResellerOrg    *WorkspaceRef `json:"reseller_org,omitempty"`
	Endpoint       *NamedRef     `json:"endpoint,omitempty"` // absent if unattached
	Model          Model         `json:"model"`
}

// Model is the kind of card.
type Model struct {
	ID           int64    `json:"id"`
	Description  string   `json:"description"`
	MemorySize   int64    `json:"memory_size"` // kilobytes
	FormFactor   NamedRef `json:"formfactor"`
	Manufacturer NamedRef `json:"manufacturer"`
}

// SIMPatch is the body of PATCH /api/v1/sim/{id}: any subset of the first four, as far as the
// server allows. The other properties of a listing are accepted but never applied, so that a
// client can send back what it received.
type SIMPatch struct {
	Status      Optional[IDRef] `json:"status,omitzero"`
	CustomerOrg Optional[IDRef] `json:"customer_org,omitzero"`
	IssuerOrg   Optional[IDRef] `json:"issuer_org,omitzero"`
	ResellerOrg Optional[IDRef] `json:"reseller_org,omitzero"`

	// Reference and Reason are kept with the change in the ledger. Only Simferry has them.
	Reference Optional[string] `json:"reference,omitzero"`
	Reason    Optional[string] `json:"reason,omitzero"`

	ID             json.RawMessage `json:"id,omitempty"`
	ICCID          json.RawMessage `json:"iccid,omitempty"`
	ICCIDWithLuhn  json.RawMessage `json:"iccid_with_luhn,omitempty"`
	EID            json.RawMessage `json:"eid,omitempty"`
	IMSI           json.RawMessage `json:"imsi,omitempty"`
	MSISDN         json.RawMessage `json:"msisdn,omitempty"`
	ProductionDate json.RawMessage `json:"production_date,omitempty"`
	ActivationDate json.RawMessage `json:"activation_date,omitempty"`
	Endpoint       json.RawMessage `json:"endpoint,omitempty"`
	Model          json.RawMessage `json:"model,omitempty"`
}

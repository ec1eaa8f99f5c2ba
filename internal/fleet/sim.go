package fleet

import "time"

// SIM is a SIM card in the inventory.
type SIM struct {
	ID         SIMID
	ICCID      ICCID
	EID        string // "" for a card that is not an eSIM
	IMSI       string
	MSISDN     string
	Status     SIMStatus
	Workspace  WorkspaceID // that has it; customer_org in the API
	Issuer     WorkspaceID // that issued it; a migration never changes this
	Reseller   WorkspaceID // 0 if there is none
	Model      ModelID
	BIC        string   // code of the batch that it was delivered in, "" for none
	Device     DeviceID // 0 if unattached
	DeviceName string
	Produced   time.Time
	Activated  time.Time // zero until the first activation, then kept
	Version    int64     // number of changes since import
	Offer      OfferID   // the open offer that it is part of, 0 for none
}

// State returns the part of the SIM that the planner and the ledger use.
func (s SIM) State() SIMState {
	return SIMState{
		ID: s.ID, ICCID: s.ICCID, Status: s.Status, Workspace: s.Workspace,
		Device: s.Device, DeviceName: s.DeviceName, Version: s.Version, Offer: s.Offer,
	}
}

package fleet

import "time"

// SIM is a card as the inventory keeps it.
type SIM struct {
	ID         SIMID
	ICCID      ICCID
	EID        string // "" for a card that is no eSIM
	IMSI       string
	MSISDN     string
	Status     SIMStatus
	Workspace  WorkspaceID // who has it; the wire's customer_org
	Issuer     WorkspaceID // who issued it; a migration never changes this
	Reseller   WorkspaceID // 0 if there is none
	Model      ModelID
	BIC        string   // the code of the batch it was delivered in, "" for none
	Device     DeviceID // 0 if unattached
	DeviceName string
	Produced   time.Time
	Activated  time.Time // zero until the first activation, then kept
	Version    int64     // number of changes since import
}

// State returns what the planner and the ledger know of the SIM.
func (s SIM) State() SIMState {
	return SIMState{
		ID: s.ID, ICCID: s.ICCID, Status: s.Status, Workspace: s.Workspace,
		Device: s.Device, DeviceName: s.DeviceName, Version: s.Version,
	}
}

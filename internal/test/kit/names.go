package kit

import "fmt"

// Workspaces of Ferry.
const (
	Issuer         = 1   // of the SIMs: an mno
	FleetDE        = 100 // enterprise, Germany: most SIMs begin here
	FleetFR        = 200 // enterprise, France
	FleetUS        = 300 // enterprise, United States
	FleetBR        = 400 // enterprise, Brazil
	SuspendedFleet = 500
	Reseller       = 600
	Elsewhere      = 900 // only StrangerID has a role in it
)

// Users of Ferry.
const (
	AdminID         = 1 // Administrator of every Workspace but Issuer and Elsewhere
	TargetAdminID   = 2 // Observer in FleetDE, Administrator of FleetFR
	ObserverID      = 3 // Observer in FleetDE
	PlainUserID     = 4 // User in FleetDE and FleetFR
	StrangerID      = 5 // Administrator of Elsewhere
	SuspendedUserID = 6
	IssuerAdminID   = 7 // Administrator of Issuer
	SuperAdminID    = 8
)

// Devices of Ferry, both in FleetDE.
const (
	DeviceWithSIM = 9001 // holds AttachedSIM
	EmptyDevice   = 9002
)

// SIMs of Ferry. Those without a place in their name are in FleetDE.
const (
	AttachedSIM    = 250 // activated, in DeviceWithSIM
	ActivatedSIM   = 251
	IssuedSIM      = 252
	SuspendedSIM   = 253
	FactoryTestSIM = 254
	DeletedSIM     = 255
	SIMInFR        = 260 // activated
	SIMInUS        = 270 // issued
	SIMInBR        = 280 // issued
	SIMElsewhere   = 290 // issued
	FirstSpareSIM  = 1000
	SpareSIMs      = 600 // the number of issued SIMs from FirstSpareSIM on, with consecutive ids and ICCIDs
)

// ICCID returns the ICCID of a SIM of Ferry.
func ICCID(sim int64) string {
	if sim == SIMElsewhere {
		sim = 256 // in the middle of those of FleetDE
	}
	return fmt.Sprintf("8988303000000%06d", sim)
}

package fleet

import (
	"slices"
)

// SIMStatus is the status of a SIM in its life cycle. The numbers are those of the API.
type SIMStatus int8

// The statuses of a SIM.
const (
	SIMIssued      SIMStatus = 0
	SIMActivated   SIMStatus = 1
	SIMSuspended   SIMStatus = 2
	SIMDeleted     SIMStatus = 3
	SIMFactoryTest SIMStatus = 4
)

// SIMStatuses lists every status with its wire name, by id.
var SIMStatuses = []Named[SIMStatus]{
	{ID: SIMIssued, Name: "Issued"},
	{ID: SIMActivated, Name: "Activated"},
	{ID: SIMSuspended, Name: "Suspended"},
	{ID: SIMDeleted, Name: "Deleted"},
	{ID: SIMFactoryTest, Name: "Factory Test"},
}

// simTransitions are the changes of status that PATCH allows. Deletion is a separate operation,
// and no SIM returns to Issued.
var simTransitions = map[SIMStatus][]SIMStatus{
	SIMIssued:      {SIMActivated, SIMFactoryTest},
	SIMFactoryTest: {SIMActivated},
	SIMActivated:   {SIMSuspended},
	SIMSuspended:   {SIMActivated},
}

func (s SIMStatus) String() string { return NameOf(SIMStatuses, s) }

// Known reports whether the id is one of SIMStatuses.
func (s SIMStatus) Known() bool { return known(SIMStatuses, s) }

// MayBecome reports whether a user may change the status from s to next.
func (s SIMStatus) MayBecome(next SIMStatus) bool { return slices.Contains(simTransitions[s], next) }

// AfterMigration returns the status of a SIM after a move: only Activated changes.
func (s SIMStatus) AfterMigration() SIMStatus {
	if s == SIMActivated {
		return SIMSuspended
	}
	return s
}

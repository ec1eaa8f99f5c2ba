package store

// Statuses as SQL text, for statements that are constants. TestStatusesAreThoseOfFleet compares
// them with the types that the rules use.
const (
	activatedSIM    = "1"
	deletedSIM      = "3"
	deletedDevice   = "2"
	activeUser      = "1"
	activeMember    = "1"
	suspendedMember = "2"
)

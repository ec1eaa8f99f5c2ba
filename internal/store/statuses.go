package store

// Statuses, types and kinds as SQL text, for statements that are constants.
// TestStatusesAreThoseOfFleet compares them with the types that the rules use, and
// TestStatusesAreNamed finds bare numbers.
const (
	activatedSIM      = "1"
	deletedSIM        = "3"
	deletedDevice     = "2"
	activeUser        = "1"
	suspendedUser     = "2"
	activeMember      = "1"
	suspendedMember   = "2"
	administratorRole = "1"
	enterpriseType    = "4"
	migrationEntry    = "1"
	apiSource         = "2"
	serviceProfile    = "0"
	tariffProfile     = "1"
	plannedVerdict    = "0"
	doneVerdict       = "1"
	driftedVerdict    = "3"
	offeredSIM        = "0" // the states of SIMs of offers
	acceptedSIM       = "1"
	refusedSIM        = "2"
	goneSIM           = "3"

	// These are known in the database only.
	sourceSide        = "0" // of a migration or a job
	targetSide        = "1"
	validToken        = "0"
	unconfirmedFactor = "0"
	confirmedFactor   = "1"
)

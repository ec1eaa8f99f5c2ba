package fleet

// Identifiers are positive and unique per kind. Zero means "none" (an unattached SIM has
// DeviceID 0).
type (
	// WorkspaceID identifies a Workspace; the API calls it an organisation.
	WorkspaceID int64
	// UserID identifies a user.
	UserID int64
	// TokenID identifies an application token.
	TokenID int64
	// SIMID identifies a SIM card.
	SIMID int64
	// DeviceID identifies a device; the API calls it an endpoint.
	DeviceID int64
	// ModelID identifies a model of SIM cards.
	ModelID int64
	// MigrationID identifies a ledger entry.
	MigrationID int64
	// EventID identifies an event; it needs all 64 bits.
	EventID int64
)

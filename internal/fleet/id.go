package fleet

// Identifiers are positive and unique per kind. Zero means "none" (an unattached SIM has
// DeviceID 0), never a real thing.
type (
	// WorkspaceID names a Workspace; the wire calls it an organisation.
	WorkspaceID int64
	// UserID names a person who can sign in.
	UserID int64
	// TokenID names an application token.
	TokenID int64
	// SIMID names a SIM card.
	SIMID int64
	// DeviceID names the thing a SIM sits in; the wire calls it an endpoint.
	DeviceID int64
	// ModelID names a kind of card.
	ModelID int64
	// MigrationID names a ledger entry.
	MigrationID int64
	// EventID names an event; it needs all 64 bits.
	EventID int64
)

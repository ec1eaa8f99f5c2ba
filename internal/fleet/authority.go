package fleet

// Authority is what allows a caller to move SIMs on one side of a migration. Both sides are
// decided separately, and the ledger records both.
type Authority int8

// The authorities. NoAuthority in the ledger marks an entry of a version that did not record it.
const (
	NoAuthority     Authority = 0
	AuthorityRole   Authority = 1 // the caller administers the Workspace
	AuthorityIssuer Authority = 2 // the caller's Workspace issued or resells the SIM
	AuthorityCode   Authority = 3 // the caller knew the code of the batch
	AuthorityOffer  Authority = 4 // the side offered the SIMs, or accepted them
)

// Authorities lists every authority with its wire name.
var Authorities = []Named[Authority]{
	{ID: AuthorityRole, Name: "role"},
	{ID: AuthorityIssuer, Name: "issuer"},
	{ID: AuthorityCode, Name: "batch_code"},
	{ID: AuthorityOffer, Name: "offer"},
}

func (a Authority) String() string { return NameOf(Authorities, a) }

// Authorize returns the authority by which the caller may take SIMs out of a Workspace or put
// SIMs into it, NoAuthority for none. Authority that does not come from a role is in
// Standing.Other.
func Authorize(s *Standing) Authority {
	switch {
	case s.Other != NoAuthority:
		return s.Other
	case s.Role.Administers():
		return AuthorityRole
	}
	return NoAuthority
}

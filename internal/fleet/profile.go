package fleet

// ProfileKind separates the two lists of named profiles that a device refers to.
type ProfileKind int8

// The kinds of a profile; ids are unique per kind.
const (
	ServiceProfile ProfileKind = 0
	TariffProfile  ProfileKind = 1
)

// ProfileKinds lists every kind with its name in the world file.
var ProfileKinds = []Named[ProfileKind]{
	{ID: ServiceProfile, Name: "Service"},
	{ID: TariffProfile, Name: "Tariff"},
}

// Profile is a named service or tariff profile of a Workspace.
type Profile struct {
	ID        int64
	Workspace WorkspaceID
	Kind      ProfileKind
	Name      string
}

// ProfileKey identifies a profile: ids are unique per kind.
type ProfileKey struct {
	Kind ProfileKind
	ID   int64
}

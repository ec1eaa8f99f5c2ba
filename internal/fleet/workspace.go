package fleet

import "time"

// WorkspaceType is the kind of organisation that a Workspace represents.
type WorkspaceType int8

// The types of a Workspace. Only an Enterprise can be the target of a migration.
const (
	MobileNetworkOperator WorkspaceType = 1
	ServiceProvider       WorkspaceType = 2
	Reseller              WorkspaceType = 3
	Enterprise            WorkspaceType = 4
)

// WorkspaceTypes lists every type with its wire name, by id.
var WorkspaceTypes = []Named[WorkspaceType]{
	{ID: MobileNetworkOperator, Name: "Mobile Network Operator", Word: "mno"},
	{ID: ServiceProvider, Name: "Service Provider"},
	{ID: Reseller, Name: "Reseller"},
	{ID: Enterprise, Name: "Enterprise"},
}

func (t WorkspaceType) String() string { return NameOf(WorkspaceTypes, t) }

// Known reports whether the id is one of WorkspaceTypes.
func (t WorkspaceType) Known() bool { return known(WorkspaceTypes, t) }

// WorkspaceStatus says whether SIMs may be moved to a Workspace.
type WorkspaceStatus int8

// The statuses of a Workspace.
const (
	WorkspaceEnabled   WorkspaceStatus = 0
	WorkspaceSuspended WorkspaceStatus = 1
)

// WorkspaceStatuses lists every status with its wire name, by id.
var WorkspaceStatuses = []Named[WorkspaceStatus]{
	{ID: WorkspaceEnabled, Name: "Enabled"},
	{ID: WorkspaceSuspended, Name: "Suspended"},
}

func (s WorkspaceStatus) String() string { return NameOf(WorkspaceStatuses, s) }

// Known reports whether the id is one of WorkspaceStatuses.
func (s WorkspaceStatus) Known() bool { return known(WorkspaceStatuses, s) }

// Workspace owns SIMs and devices: a customer, a business unit, a sandbox.
type Workspace struct {
	ID      WorkspaceID
	Name    string
	Type    WorkspaceType
	Status  WorkspaceStatus
	Country string // ISO 3166-1 alpha-2, upper case; "" if unknown
	Parent  WorkspaceID
	Created time.Time
	// ReasonRequired makes a reason mandatory for SIMs that enter or leave the Workspace.
	ReasonRequired bool
}

// Brazilian reports whether the Workspace is in Brazil (see the numbering rule, conflict 1505).
func (w Workspace) Brazilian() bool { return w.Country == "BR" }

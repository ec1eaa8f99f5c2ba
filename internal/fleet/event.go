package fleet

import (
	"fmt"
	"time"
)

// EventType is the type of an event. The numbers are those of the API.
type EventType int16

// The types of events that Simferry writes.
const (
	EventUserRefused    EventType = 6
	EventSIMActivated   EventType = 8
	EventSIMSuspended   EventType = 9
	EventSIMDeleted     EventType = 10
	EventSecondFactor   EventType = 14
	EventUserInvited    EventType = 36
	EventDeviceEnabled  EventType = 42
	EventDeviceDisabled EventType = 43
	EventSIMFactoryTest EventType = 45
	EventSIMRegistered  EventType = 48
	EventSIMReleased    EventType = 50
	EventSIMAssigned    EventType = 51
	EventSwitched       EventType = 67
	EventMigration      EventType = 69

	// EventConnectivityReset has a number outside the vendor's range, because the vendor has no
	// such event.
	EventConnectivityReset EventType = 1001
)

// EventTypes is the closed list of types, by id.
var EventTypes = []struct {
	ID   EventType
	Name string
}{
	{ID: EventUserRefused, Name: "User authentication failed"},
	{ID: EventSIMActivated, Name: "SIM activation"},
	{ID: EventSIMSuspended, Name: "SIM suspension"},
	{ID: EventSIMDeleted, Name: "SIM deletion"},
	{ID: EventSecondFactor, Name: "Multi-factor Authentication"},
	{ID: EventUserInvited, Name: "User invited"},
	{ID: EventDeviceEnabled, Name: "Endpoint enabled"},
	{ID: EventDeviceDisabled, Name: "Endpoint disabled"},
	{ID: EventSIMFactoryTest, Name: "SIM factory test"},
	{ID: EventSIMRegistered, Name: "SIM registration"},
	{ID: EventSIMReleased, Name: "SIM Released"},
	{ID: EventSIMAssigned, Name: "SIM Assigned"},
	{ID: EventSwitched, Name: "User switched workspaces"},
	{ID: EventMigration, Name: "SIM migration"},
	{ID: EventConnectivityReset, Name: "Connectivity reset"},
}

func (t EventType) String() string {
	for _, e := range EventTypes {
		if e.ID == t {
			return e.Name
		}
	}
	return fmt.Sprintf("Event type %d", int16(t))
}

// EventSource is what raised an event.
type EventSource int8

// The sources of events.
const (
	SourceNetwork       EventSource = 0
	SourcePolicyControl EventSource = 1
	SourceAPI           EventSource = 2
)

// EventSources lists every source with its wire name, by id.
var EventSources = []Named[EventSource]{
	{ID: SourceNetwork, Name: "Network"},
	{ID: SourcePolicyControl, Name: "Policy Control"},
	{ID: SourceAPI, Name: "API"},
}

// Severity is the severity of an event.
type Severity int8

// The severities of events.
const (
	Info     Severity = 0
	Warn     Severity = 1
	Critical Severity = 2
)

// Severities lists every severity with its wire name, by id.
var Severities = []Named[Severity]{
	{ID: Info, Name: "Info"},
	{ID: Warn, Name: "Warn"},
	{ID: Critical, Name: "Critical"},
}

// Event is something that happened in a Workspace. It stays in that Workspace when the SIM
// moves.
type Event struct {
	ID          EventID
	Time        time.Time
	Type        EventType
	Source      EventSource
	Severity    Severity
	Workspace   WorkspaceID
	User        UserID // 0 for an application token or the operator
	SIM         SIMID
	Device      DeviceID
	Migration   MigrationID // the ledger entry that wrote it, 0 if there is none
	Description string
}

// The texts of events. The store fills them in when it writes many at once.
const (
	// StatusChangedWords is for events 8, 9, 10 and 45: the status before and after.
	StatusChangedWords = "Status of SIM changed from '%s' to '%s'"
	// ReleasedWords is for event 50: the SIM and the device that it left.
	ReleasedWords = "SIM %d released from endpoint %d"
	// AssignedWords is for event 51: the SIM and its device.
	AssignedWords = "SIM %d assigned to endpoint %d"
	// DeviceStatusWords is for events 42 and 43: the device's status before and after.
	DeviceStatusWords = "Status of endpoint changed from '%s' to '%s'"
)

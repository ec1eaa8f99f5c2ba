package api

// Event is something that happened in a Workspace. It stays with that Workspace when the
// SIM moves on.
type Event struct {
	ID           int64      `json:"id"` // needs all 64 bits
	Timestamp    EventTime  `json:"timestamp"`
	Alert        bool       `json:"alert"`
	Description  string     `json:"description"`
	Type         Ref        `json:"event_type"`
	Source       Ref        `json:"event_source"`
	Severity     Ref        `json:"event_severity"`
	Organisation NamedRef   `json:"organisation"`
	User         *EventUser `json:"user,omitempty"` // absent if an application token acted
	SIM          *EventSIM  `json:"sim,omitempty"`
	Endpoint     *NamedRef  `json:"endpoint,omitempty"`
}

// EventUser is the user who caused an event.
type EventUser struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// EventSIM is the SIM that an event is about.
type EventSIM struct {
	ID    int64  `json:"id"`
	ICCID string `json:"iccid"`
}

package api

// UndoRequest is the body of POST /api/v1/migration/{migration_id}/undo. Every property is
// optional.
type UndoRequest struct {
	DryRun            Optional[bool]    `json:"dry_run,omitzero"`             // true if absent
	RestoreStatus     Optional[bool]    `json:"restore_status,omitzero"`      // true if absent
	RestoreDevices    Optional[bool]    `json:"restore_devices,omitzero"`     // true if absent
	AutoDetachDevices Optional[bool]    `json:"auto_detach_devices,omitzero"` // false if absent
	SIMs              Optional[[]IDRef] `json:"sims,omitzero"`                // all if absent
	Reference         Optional[string]  `json:"reference,omitzero"`
	Reason            Optional[string]  `json:"reason,omitzero"`
}

// UndoResponse describes what an undo would do (dry run) or did.
type UndoResponse struct {
	Undoes            IDRef       `json:"undoes"`
	SIMCount          int         `json:"sim_count"`
	DryRun            bool        `json:"dry_run"`
	RestoreStatus     bool        `json:"restore_status"`
	RestoreDevices    bool        `json:"restore_devices"`
	AutoDetachDevices bool        `json:"auto_detach_devices"`
	Migrations        []UndoEntry `json:"migrations"`
	SIMs              []UndoSIM   `json:"sims"` // in the order of the migration
}

// UndoEntry is the part of an undo that leads to one Workspace: a ledger entry of its own.
type UndoEntry struct {
	ID              int64    `json:"id,omitempty"` // of the entry; 0 in a dry run
	TargetWorkspace NamedRef `json:"target_workspace"`
	SIMCount        int      `json:"sim_count"`
}

// UndoSIM is one SIM of an undo: as it is before the move, and after it.
type UndoSIM struct {
	MigrationSIM
	After LineState `json:"after"`
}

// ConflictDetail says why an undo cannot move one SIM back. Exactly one of the others is set.
type ConflictDetail struct {
	ID       int64         `json:"id"`                 // of the SIM
	Changes  []StaleChange `json:"changes,omitempty"`  // of 1510: since the migration
	Endpoint *NamedRef     `json:"endpoint,omitempty"` // of 1511: the previous device
	UndoneBy *IDRef        `json:"undone_by,omitempty"`
}

// UndoCount is an undo of a ledger entry and the number of SIMs that it moved back.
type UndoCount struct {
	ID       int64 `json:"id"`
	SIMCount int   `json:"sim_count"`
}

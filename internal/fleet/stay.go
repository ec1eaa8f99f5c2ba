package fleet

import "time"

// Stay is the time that a SIM spends in one Workspace.
type Stay struct {
	Workspace Workspace   // zero if the caller may not see it
	From      time.Time   // zero if the SIM was imported into the Workspace
	Until     time.Time   // zero if the SIM is still there
	Migration MigrationID // by which the SIM came; 0 for none, or if the caller may not see it
	Authority Authority   // by which the SIM entered the Workspace
}

// Move is a change of a SIM's Workspace, as the ledger has it.
type Move struct {
	Migration MigrationID
	Time      time.Time
	From, To  WorkspaceID
	Authority Authority // over To
}

// Stays returns the stays of a SIM, the oldest first, from its moves in their order and the
// Workspace in which it is now. What happened in Workspaces that are not in visible is withheld,
// except for when: a migration is visible to the members of both of its sides.
func Stays(moves []Move, now WorkspaceID, visible map[WorkspaceID]Workspace) []Stay {
	stays := make([]Stay, 0, len(moves)+1)
	var came Move
	add := func(ws WorkspaceID, until time.Time) {
		s := Stay{Workspace: visible[ws], From: came.Time, Until: until, Authority: came.Authority}
		_, from := visible[came.From]
		if _, here := visible[ws]; here || from {
			s.Migration = came.Migration
		}
		stays = append(stays, s)
	}
	for _, m := range moves {
		add(m.From, m.Time)
		came = m
	}
	add(now, time.Time{})
	return stays
}

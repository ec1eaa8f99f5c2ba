package fleet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

func TestStays(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 22, hour, 0, 0, 0, time.UTC) }
	ws := func(id fleet.WorkspaceID) fleet.Workspace { return standings()[id].Workspace }
	moves := []fleet.Move{
		{Migration: 7, Time: at(1), From: berlin, To: foreign, Authority: fleet.AuthorityRole},
		{Migration: 8, Time: at(2), From: foreign, To: nowhere, Authority: fleet.AuthorityIssuer},
		{Migration: 9, Time: at(3), From: nowhere, To: lyon, Authority: fleet.AuthorityRole},
	}
	got := fleet.Stays(moves, lyon, map[fleet.WorkspaceID]fleet.Workspace{berlin: ws(berlin), lyon: ws(lyon)})
	want := []fleet.Stay{
		{Workspace: ws(berlin), Until: at(1)},
		{From: at(1), Until: at(2), Migration: 7, Authority: fleet.AuthorityRole},
		{From: at(2), Until: at(3), Authority: fleet.AuthorityIssuer}, // between two Workspaces of strangers
		{Workspace: ws(lyon), From: at(3), Migration: 9, Authority: fleet.AuthorityRole},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	never := fleet.Stays(nil, berlin, map[fleet.WorkspaceID]fleet.Workspace{berlin: ws(berlin)})
	if diff := cmp.Diff([]fleet.Stay{{Workspace: ws(berlin)}}, never); diff != "" {
		t.Errorf("a SIM that never moved (-want +got)\n%s", diff)
	}
}

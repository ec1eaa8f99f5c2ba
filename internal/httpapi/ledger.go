package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func migrationID(m fleet.Migration) int64 { return int64(m.ID) }

func migrationBody(m control.MigrationRecord) wire.Migration {
	out := ledgerBody(m.Migration)
	out.SIMs = each(m.Lines, func(l fleet.LedgerLine) wire.MigrationLine {
		return wire.MigrationLine{
			ID: int64(l.SIM), ICCID: string(l.ICCID), ICCIDWithLuhn: l.ICCID.WithLuhn(),
			Before: lineState(m, l.Before), After: lineState(m, l.After),
		}
	})
	return out
}

func lineState(m control.MigrationRecord, s fleet.SIMState) wire.LineState {
	return wire.LineState{
		Workspace: workspaceRef(m.Workspaces[s.Workspace]), Status: statusRef(s.Status), Endpoint: deviceRef(s.Device, s.DeviceName),
	}
}

func ledgerBody(m fleet.Migration) wire.Migration {
	out := wire.Migration{
		ID: int64(m.ID), Timestamp: wire.NewTime(m.Time), AutoDetachDevices: m.DetachDevices,
		AllowedSIMStatuses: allowedRefs(m.AllowedStatuses), SIMCount: m.SIMs,
		TargetWorkspace: workspaceRef(m.Target), SourceWorkspaces: make([]wire.SourceCount, len(m.Sources)),
	}
	if m.Undo != nil {
		undoes := wire.RefTo(int64(m.Undo.Migration))
		out.Undoes, out.RestoreStatus, out.RestoreDevices = &undoes, &m.Undo.RestoreStatus, &m.Undo.RestoreDevices
	}
	for _, u := range m.UndoneBy {
		out.UndoneBy = append(out.UndoneBy, wire.UndoCount{ID: int64(u.Migration), SIMCount: u.SIMs})
	}
	out.TargetAuthority, out.Reference, out.Reason = authorityName(m.TargetAuthority), m.Note.Reference, m.Note.Reason
	out.RuleSet = m.RuleSet
	if m.Job != 0 {
		job := wire.RefTo(int64(m.Job))
		out.Job = &job
	}
	if m.User != 0 {
		out.User = &wire.NamedRef{ID: int64(m.User), Name: m.Username}
	}
	for i, s := range m.Sources {
		out.SourceWorkspaces[i] = wire.SourceCount{ID: int64(s.Workspace.ID), Name: s.Workspace.Name, SIMCount: s.SIMs, Authority: authorityName(s.Authority)}
	}
	return out
}

// authorityName returns "" for an entry of a version that did not record it.
func authorityName(a fleet.Authority) string {
	if a == fleet.NoAuthority {
		return ""
	}
	return a.String()
}

// allowedRefs returns nil (null) if every status was allowed.
func allowedRefs(list []fleet.SIMStatus) []wire.Ref {
	if list == nil {
		return nil
	}
	out := make([]wire.Ref, len(list))
	for i, s := range list {
		out[i] = statusRef(s)
	}
	return out
}

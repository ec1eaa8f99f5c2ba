package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// planBody encodes a plan: what a dry run would do, or what a real run did.
func planBody(p *fleet.Plan, dryRun bool) []byte {
	body := wire.MigrationResponse{
		SIMCount: len(p.SIMs), DryRun: dryRun, TargetWorkspace: workspaceRef(p.Target),
		AutoDetachDevices: p.Request.DetachDevices, AllowedSIMStatuses: allowedRefs(p.Request.AllowedStatuses),
		Warnings: ruleWarnings(p.Hits),
	}
	dst := append(body.AppendHead(make([]byte, 0, 256+256*len(p.SIMs))), '[')
	var sim wire.MigrationSIM // reused for each
	for i, s := range p.SIMs {
		if i > 0 {
			dst = append(dst, ',')
		}
		sim = migrationSIM(s, p.Source(s))
		dst = sim.AppendJSON(dst)
	}
	return append(dst, "]}"...)
}

func migrationSIM(s fleet.SIMState, source fleet.Workspace) wire.MigrationSIM {
	return wire.MigrationSIM{
		ID: int64(s.ID), ICCID: string(s.ICCID), ICCIDWithLuhn: s.ICCID.WithLuhn(), Status: statusRef(s.Status),
		Endpoint: deviceRef(s.Device, s.DeviceName), SourceWorkspace: workspaceRef(source),
	}
}

func migrationSIMs(sims []fleet.SIMState, source func(fleet.SIMState) fleet.Workspace) []wire.MigrationSIM {
	out := make([]wire.MigrationSIM, len(sims))
	for i, s := range sims {
		out[i] = migrationSIM(s, source(s))
	}
	return out
}

func conflictBody(c *fleet.Conflicts) wire.MigrationConflict {
	body := wire.MigrationConflict{StatusCode: http.StatusConflict, Message: c.Error(), Errors: make([]wire.ConflictReason, len(c.Groups))}
	for i, g := range c.Groups {
		body.Errors[i] = wire.ConflictReason{ErrorCode: int(g.Code), Message: g.Message, SIMs: migrationSIMs(g.SIMs, c.Source), Rule: ruleRef(g), Details: conflictDetails(c, g)}
	}
	return body
}

// staleBody describes what has changed since a preview, SIM by SIM.
func staleBody(s *control.Stale) wire.MigrationStale {
	code, token := httpx.WireCode(fleet.PreconditionStale)
	body := wire.MigrationStale{ErrorCode: code, ErrorToken: token, Message: s.Error(), SIMs: make([]wire.StaleSIM, len(s.SIMs))}
	for i, d := range s.SIMs {
		sim := wire.StaleSIM{ID: int64(d.SIM), ICCID: string(d.ICCID), Changes: make([]wire.StaleChange, len(d.Changes))}
		if d.ICCID != "" {
			sim.ICCIDWithLuhn = d.ICCID.WithLuhn()
		}
		for j, change := range d.Changes {
			sim.Changes[j] = wire.StaleChange{
				Property: string(change.Property),
				Was:      staleValue(s, change.Property, change.Was, s.DeviceWas[d.SIM]),
				Now:      staleValue(s, change.Property, change.Now, s.DeviceNow[d.SIM]),
			}
		}
		body.SIMs[i] = sim
	}
	return body
}

func staleValue(s *control.Stale, p fleet.Property, id int64, device string) *wire.StaleValue {
	switch p {
	case fleet.PropertyStatus:
		return &wire.StaleValue{ID: id, Description: fleet.SIMStatus(id).String()}
	case fleet.PropertyWorkspace:
		return &wire.StaleValue{ID: id, Name: s.Workspaces[fleet.WorkspaceID(id)].Workspace.Name}
	case fleet.PropertyDevice:
		if id != 0 {
			return &wire.StaleValue{ID: id, Name: device}
		}
	case fleet.PropertySIM:
		if id != 0 {
			return &wire.StaleValue{ID: id, Description: "found"}
		}
		return &wire.StaleValue{ID: id, Description: "not found"}
	}
	return nil
}

package httpapi

import (
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func historyBody(h control.SIMHistory) wire.SIMHistory {
	return wire.SIMHistory{
		ID: int64(h.SIM.ID), ICCID: string(h.SIM.ICCID), ICCIDWithLuhn: h.SIM.ICCID.WithLuhn(), Stays: each(h.Stays, stayBody),
	}
}

func stayBody(s fleet.Stay) wire.Stay {
	stay := wire.Stay{From: timeOrNull(s.From), Until: timeOrNull(s.Until), Authority: authorityName(s.Authority)}
	if s.Workspace.ID != 0 {
		ws := workspaceRef(s.Workspace)
		stay.Workspace = &ws
	}
	if s.Migration != 0 {
		by := wire.RefTo(int64(s.Migration))
		stay.Migration = &by
	}
	return stay
}

func timeOrNull(t time.Time) *wire.Time {
	if t.IsZero() {
		return nil
	}
	at := wire.NewTime(t)
	return &at
}

package httpapi

import (
	"encoding/hex"
	"encoding/json"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func auditID(e control.AuditRecord) int64 { return int64(e.ID) }

func auditBody(e control.AuditRecord) wire.AuditEntry {
	out := wire.AuditEntry{
		ID: int64(e.ID), Timestamp: wire.NewEventTime(e.Time), Actor: wire.Ref{ID: int64(e.Actor), Description: fleet.NameOf(fleet.Actors, e.Actor)},
		Address: e.Address, RequestID: e.RequestID, Action: string(e.Action), Outcome: e.Outcome(), ErrorCode: int64(e.Refusal),
		Detail: json.RawMessage(e.Details),
	}
	if e.User != 0 {
		out.User = &wire.NamedRef{ID: int64(e.User), Name: e.Username}
	}
	if e.Token != 0 {
		out.ApplicationToken = &wire.IDOnly{ID: int64(e.Token)}
	}
	if e.Subject != (fleet.AuditSubject{}) {
		out.Subject = &wire.AuditSubject{Type: e.Subject.Kind, ID: e.Subject.ID}
	}
	if e.Migration != 0 {
		out.Migration = &wire.IDOnly{ID: int64(e.Migration)}
	}
	if e.Seq != 0 {
		out.Link = &wire.AuditLink{Seq: e.Seq, Hash: hex.EncodeToString(e.Hash)}
	}
	return out
}

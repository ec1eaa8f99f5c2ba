package httpx

import (
	"encoding/json"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// RuleBody encodes a rule of migrations, for both APIs.
func RuleBody(r fleet.Rule) wire.MigrationRule {
	out := wire.MigrationRule{
		ID: r.ID, Version: r.Version, Effect: string(r.Effect), ErrorCode: int(r.Code), Message: r.Message, Citation: r.Citation,
		Cure: r.Cure, Words: r.Words(), When: []json.RawMessage{},
	}
	for _, c := range r.When {
		text, err := json.Marshal(c)
		if err != nil {
			continue // a struct of numbers and texts always has a JSON form
		}
		out.When = append(out.When, text)
	}
	if r.Effect == fleet.RuleApproval {
		out.Approvers = r.Needed()
	}
	if r.Workspace != 0 {
		owner := wire.RefTo(int64(r.Workspace))
		out.Workspace = &owner
	}
	if !r.ValidFrom.IsZero() {
		from := wire.NewTime(r.ValidFrom)
		out.ValidFrom = &from
	}
	if !r.ValidTo.IsZero() {
		until := wire.NewTime(r.ValidTo)
		out.ValidTo = &until
	}
	return out
}

package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// ruleRef returns the rule of a refusal. The bodies of the contract's own codes have none.
func ruleRef(g fleet.Conflict) *wire.RuleRef {
	if g.Rule == nil || g.Code <= fleet.TargetSuspended {
		return nil
	}
	out := &wire.RuleRef{ID: g.Rule.ID, Version: g.Rule.Version, Citation: g.Rule.Citation, Cure: g.Rule.Cure}
	if g.Code == fleet.ApprovalRequired && out.Cure == "" {
		out.Cure = "Create a migration job: it waits for the approval of another Administrator of the source"
	}
	if g.Rule.Workspace != 0 {
		owner := wire.RefTo(int64(g.Rule.Workspace))
		out.Workspace = &owner
	}
	return out
}

// ruleWarnings returns the rules that apply to a plan without refusing it.
func ruleWarnings(hits []fleet.RuleHit) []wire.RuleWarning {
	var list []wire.RuleWarning
	for _, h := range hits {
		w := wire.RuleWarning{
			ID: h.Rule.ID, Version: h.Rule.Version, Effect: string(h.Rule.Effect), Message: h.Rule.Message, Citation: h.Rule.Citation,
			Cure: h.Rule.Cure, SIMCount: h.SIMs,
		}
		if h.Announced {
			from := wire.NewTime(h.Rule.ValidFrom)
			w.ValidFrom = &from
		}
		list = append(list, w)
	}
	return list
}

package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

func ruleBodies(list []fleet.Rule) []wire.MigrationRule { return each(list, httpx.RuleBody) }

// newRules reads the body of PUT /api/v1/migration_rule.
func newRules(r *request) (n control.NewRules, canonical any, err error) {
	var body wire.NewRules
	if err := r.Decode(&body); err != nil {
		return n, nil, err
	}
	if body.Rules == nil {
		return n, nil, fleet.Invalid("rules", "it is required; an empty list removes every rule")
	}
	n = control.NewRules{Rules: body.Rules, Tag: r.ifMatch()}
	if n.Tag == "" {
		return n, body, nil
	}
	return n, []any{body, n.Tag}, nil
}

// listRules implements GET /api/v1/migration_rule. The entity tag is that of the rules of the
// caller's Workspace.
func (a *api) listRules(r *request) (response, error) {
	list, err := a.control.Rules(r.Context(), r.caller)
	if err != nil {
		return response{}, err
	}
	set := fleet.RuleSet{Rules: list}
	res, err := httpx.OK(ruleBodies(list))
	res.Set("ETag", fleet.RulesTag(set.Of(r.caller.Workspace)))
	return res, err
}

// changedRules encodes the rules of a Workspace after a change.
func changedRules(list []fleet.Rule) control.Reply {
	reply := jsonReply(http.StatusOK, ruleBodies(list))
	reply.ETag = fleet.RulesTag(list)
	return reply
}

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

// jobApproval says which approvals a job needs and has; nil if it needs none.
func jobApproval(j fleet.Job) *wire.JobApproval {
	r := j.Details.Rules
	if r == nil {
		return nil
	}
	var out wire.JobApproval
	for i := range r.Hits {
		if k := &r.Hits[i]; k.Effect == fleet.RuleApproval && j.Size() > k.Above {
			out.Rules = append(out.Rules, jobWarning(k))
			out.Approvers = max(out.Approvers, k.Approvers)
		}
	}
	if len(out.Rules) == 0 {
		return nil
	}
	out.Given = each(r.Given, func(a fleet.JobApproval) wire.JobApprovalGiven {
		return wire.JobApprovalGiven{User: wire.NamedRef{ID: int64(a.User), Name: a.Name}, At: wire.NewTime(a.At)}
	})
	return &out
}

// jobWarnings returns the rules that warn of SIMs of a job, and those that are not valid yet.
func jobWarnings(j fleet.Job) (list []wire.RuleWarning) {
	if j.Details.Rules == nil {
		return nil
	}
	for i := range j.Details.Rules.Hits {
		k := &j.Details.Rules.Hits[i]
		if (k.Effect == fleet.RuleWarn || !k.ValidFrom.IsZero()) && j.Size() > k.Above {
			list = append(list, jobWarning(k))
		}
	}
	return list
}

func jobWarning(k *fleet.JobRule) wire.RuleWarning {
	return wire.RuleWarning{
		ID: k.ID, Version: k.Version, Effect: string(k.Effect), Message: k.Message, Citation: k.Citation, Cure: k.Cure,
		ValidFrom: timeOrNull(k.ValidFrom), SIMCount: k.SIMs,
	}
}

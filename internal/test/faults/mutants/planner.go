package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	planFile     = "internal/fleet/plan.go"
	conflictFile = "internal/fleet/conflict.go"
	ruleFile     = "internal/fleet/ruleeval.go"
)

// planner holds bugs in the decision of a migration.
var planner = []faults.Mutation{
	replace("range_end", "the last number of a range is left out",
		planFile, "s.ICCID <= r.End", "s.ICCID < r.End"),
	replace("limit_501", "501 SIMs are accepted",
		"internal/fleet/selector.go", "case n > MaxSIMs:", "case n > MaxSIMs+1:"),
	replace("first_source", "only the first SIM's source needs an Administrator (1504)",
		conflictFile, "func(_ *Plan, source *Standing, _ *SIMState) bool {\n\t\treturn Authorize(source) == NoAuthority",
		"func(p *Plan, source *Standing, s *SIMState) bool {\n\t\treturn Authorize(source) == NoAuthority && s.ID == p.SIMs[0].ID"),
	replace("target_role", "the caller's role in the target is not checked",
		"internal/fleet/notfound.go", "if Authorize(&target) == NoAuthority {", "if false {"),
	replace("one_way_border", "SIMs may enter Brazil (only the first case of a rule is evaluated)",
		ruleFile, "for i := range rule.When {", "for i := range rule.When[:1] {"),
	replace("rule_failure_permits", "a condition that cannot be evaluated does not hold",
		ruleFile, "case t == failed || u == failed:\n\t\treturn failed\n\t}\n\treturn yes", "case t == failed || u == failed:\n\t\treturn no\n\t}\n\treturn yes"),
	replace("rule_unread_permits", "a rule set that was not read permits everything",
		ruleFile, "\t\tr.add(notRead, source)\n", ""),
	replace("rule_ended_applies", "a rule applies after its end",
		ruleFile, "if !rule.ValidTo.IsZero() && !valid.Before(rule.ValidTo) {", "if false {"),
	replace("rule_early", "a rule applies before valid_from",
		ruleFile, "announced: valid.Before(rule.ValidFrom)", "announced: false"),
	replace("rule_of_target_forgotten", "the rules of the target's Workspace are not asked",
		ruleFile, "if r.target.ID != source.ID {", "if false {"),
	replace("rule_approved_any", "the approval of one version of a rule counts for every version",
		ruleFile, "slices.Contains(in.Approved, h.rule.Ref())", "len(in.Approved) > 0"),
	replace("first_reason", "a refusal has only its first reason",
		conflictFile, "\t\treturn nil\n\t}\n\treturn c\n", "\t\treturn nil\n\t}\n\tc.Groups = c.Groups[:1]\n\treturn c\n"),
	replace("detach_forgets", "a SIM that moves keeps its device",
		planFile, "\ts.Device, s.DeviceName, s.Offer = 0, \"\", 0\n", "\ts.Offer = 0\n"),
	replace("not_suspended", "an activated SIM stays activated when it moves",
		"internal/fleet/status.go", "\tif s == SIMActivated {\n\t\treturn SIMSuspended\n\t}\n\treturn s\n", "\treturn s\n"),
	replace("version_kept", "a change does not raise the SIM's version",
		planFile, "\ts.Version++\n", ""),
	replace("undo_without_status", "an undo does not restore the status",
		"internal/fleet/undo.go", "\tif r.RestoreStatus {\n\t\tafter.Status", "\tif false {\n\t\tafter.Status"),
	replace("undo_of_changed", "an undo ignores what has changed since the migration",
		"internal/fleet/undo.go", "if d.Changes = u.changes(l, now); len(d.Changes) > 0 {", "if d.Changes = u.changes(l, now); false {"),
}

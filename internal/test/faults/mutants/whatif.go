package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	whatIfFile    = "internal/fleet/whatif.go"
	whatIfRunFile = "internal/fleet/whatifrun.go"
	whatIfStore   = "internal/store/whatif.go"
)

// whatIf holds bugs of the comparison of rule sets. Ordinary tests must catch them.
var whatIf = []faults.Mutation{
	replace("whatif_failure_permits", "a what-if ignores conditions that cannot be evaluated",
		whatIfFile, "\tfor _, c := range conflicts {\n", "\tfor _, c := range conflicts {\n\t\tif c.Code == RuleFailed {\n\t\t\tcontinue\n\t\t}\n"),
	replace("whatif_without_workspaces", "a what-if leaves out the rules of Workspaces",
		whatIfFile, "if r.Workspace != 0 {", "if false {"),
	replace("whatif_class_too_wide", "a what-if judges SIMs of every model as the first one",
		whatIfFile, "model: named(c.models, q.Facts.Model), ", ""),
	replace("whatif_day_forgotten", "a what-if does not count the SIMs that left earlier on a day",
		whatIfRunFile, "today[m.Groups[i].Source] += m.Groups[i].SIMs", "today[m.Groups[i].Source] += 0"),
	replace("whatif_later_move", "a what-if takes a later move for the last one before a migration",
		whatIfStore, "b.sim_id = l.sim_id AND b.version < l.version AND", "b.sim_id = l.sim_id AND"),
}

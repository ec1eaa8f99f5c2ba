package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// printPlan shows on one screen what would happen, and what prevents it. way says how the
// SIMs move.
func (s *screen) printPlan(p *bulk.Plan, conflict onConflict, way string) {
	if p.Total() == 0 {
		s.paragraph(0, "No SIMs to move to %s on %s.", target(p), p.Server)
		s.printLeftOut(p)
	} else {
		s.printCounts(p)
	}
	for _, r := range p.TargetReasons {
		s.line("")
		s.styled(red, "Nothing may move: %s (%d). %s", r.Message, r.Code, hint(r.Code))
	}
	if len(p.TargetReasons) > 0 {
		return
	}
	if p.Count() > 0 {
		s.line("")
		s.printSuspended(s.printSources(p), p.Terms.Target.Name)
		s.printDevices(p)
	}
	if n := len(p.AlreadyThere); n > 0 {
		s.line("")
		s.paragraph(0, "%s %s already in %s: nothing to do for %s.", thousands(n), plural(n, "is", "are"), p.Terms.Target.Name, plural(n, "it", "them"))
	}
	if len(p.Blocked) > 0 {
		s.printBlocked(p.Blocked)
	}
	s.printSummary(p, conflict, way)
}

// printCounts prints the number of SIMs.
func (s *screen) printCounts(p *bulk.Plan) {
	s.paragraph(0, "%s %s selected to move to %s on %s.", thousands(p.Total()), plural(p.Total(), "SIM", "SIMs"), target(p), p.Server)
	if n := len(p.Duplicates); n > 0 {
		s.paragraph(0, "%s named more than once and counted once: %s", thousands(n), firstFew(p.Duplicates, len(p.Duplicates)))
	}
	s.printLeftOut(p)
}

// printLeftOut prints the SIMs that have changed since the filter found them.
func (s *screen) printLeftOut(p *bulk.Plan) {
	n := len(p.LeftOut)
	if n == 0 {
		return
	}
	names := make([]string, n)
	for i, sim := range p.LeftOut {
		names[i] = sim.ICCID
	}
	s.paragraph(0, "%s left out: %s left the Workspace or changed status while the plan was made: %s", thousands(n), plural(n, "it", "they"), firstFew(names, n))
}

// printSuspended says what suspension means for the SIMs.
func (s *screen) printSuspended(n int, target string) {
	if n > 0 {
		s.line("")
		s.styled(yellow, "%s %s Suspended by the move: offline until activated in %s.",
			thousands(n), plural(n, "SIM is", "SIMs are"), target)
	}
}

// printSources prints where the SIMs come from and what else happens to them.
func (s *screen) printSources(p *bulk.Plan) (suspended int) {
	type row struct {
		name                 string
		sims, suspended, out int
	}
	var order []int64
	rows := make(map[int64]*row)
	for _, c := range p.Chunks {
		for _, sim := range c.SIMs {
			r := rows[sim.Source.ID]
			if r == nil {
				r = &row{name: fmt.Sprintf("%s (%d)", sim.Source.Name, sim.Source.ID)}
				rows[sim.Source.ID] = r
				order = append(order, sim.Source.ID)
			}
			r.sims++
			if sim.Status.ID == client.SIMActivated {
				r.suspended++
			}
			if sim.Device != nil {
				r.out++
			}
		}
	}
	t := answer{header: table.Row{"from", "move", "suspended", "detached from devices"}}
	all := row{name: "total"}
	for _, id := range order {
		r := rows[id]
		t.rows = append(t.rows, table.Row{r.name, thousands(r.sims), thousands(r.suspended), thousands(r.out)})
		all.sims, all.suspended, all.out = all.sims+r.sims, all.suspended+r.suspended, all.out+r.out
	}
	if len(order) > 1 {
		t.rows = append(t.rows, table.Row{all.name, thousands(all.sims), thousands(all.suspended), thousands(all.out)})
	}
	s.table(t)
	return all.suspended
}

// table prints a table with a margin.
func (s *screen) table(a answer) { s.block(indent(a.table(s.out, 2))) }

func indent(block string) string { return "  " + strings.ReplaceAll(block, "\n", "\n  ") }

// printDevices names those that lose their SIM.
func (s *screen) printDevices(p *bulk.Plan) {
	var names []string
	for _, c := range p.Chunks {
		for _, sim := range c.SIMs {
			if sim.Device != nil {
				names = append(names, sim.Device.Name)
			}
		}
	}
	if len(names) > 0 {
		s.line("")
		s.paragraph(0, "%s %s: %s", plural(len(names), "Device that loses its SIM", "Devices that lose their SIM"), "("+thousands(len(names))+")", firstFew(names, len(names)))
	}
}

// firstFew names the first few.
func firstFew(words []string, of int) string {
	const few = 5
	shown := strings.Join(words[:min(few, len(words))], ", ")
	if of > few {
		shown += fmt.Sprintf(", and %s more", thousands(of-few))
	}
	return shown
}

// printBlocked groups what may not move by its reason, with what helps.
func (s *screen) printBlocked(blocked []bulk.BlockedSIM) {
	s.line("")
	s.styled(red, "%s may not move:", thousands(len(blocked)))
	s.printReasons(blocked, hint)
}

// printReasons groups SIMs by the reasons against them, with what helps.
func (s *screen) printReasons(blocked []bulk.BlockedSIM, cure func(code int) string) {
	for _, g := range reasons(blocked) {
		s.printReason(g, cure(g.code))
	}
}

// printReason prints a reason, some of its SIMs, and what helps.
func (s *screen) printReason(g reason, cure string) {
	s.line("")
	s.hanging(10, "  "+padded(thousands(len(g.sims)), 6)+"  ", fmt.Sprintf("%s (%d)", g.message, g.code))
	s.paragraph(10, "%s", firstFew(g.sims, len(g.sims)))
	if cure != "" {
		s.paragraph(10, "→ %s", cure)
	}
}

func padded(s string, n int) string { return strings.Repeat(" ", max(0, n-len(s))) + s }

// reason is one group of conflicts. A SIM is in every group that applies.
type reason struct {
	code    int
	message string
	sims    []string
}

func reasons(blocked []bulk.BlockedSIM) (groups []reason) {
	for _, h := range blocked {
		for _, r := range h.Reasons {
			message := r.Message
			if r.Code == bulk.Changed {
				message = "changed since the plan"
			}
			i := slices.IndexFunc(groups, func(g reason) bool { return g.code == r.Code && g.message == message })
			if i < 0 {
				i, groups = len(groups), append(groups, reason{code: r.Code, message: message})
			}
			groups[i].sims = append(groups[i].sims, describeSIM(h.SIM, r))
		}
	}
	slices.SortStableFunc(groups, func(a, b reason) int { return a.code - b.code })
	return groups
}

// describeSIM returns a SIM with what the reason is about.
func describeSIM(s bulk.SIM, r bulk.Reason) string {
	name := s.ICCID
	if name == "" {
		name = fmt.Sprintf("SIM %d", s.ID)
	}
	var about []string
	switch {
	case r.Code == client.SIMsAttached && s.Device != nil:
		about = append(about, "in "+s.Device.Name)
	case r.Code == client.StatusNotAllowed && s.Status.Description != "":
		about = append(about, s.Status.Description)
	case (r.Code == client.NoAdminOnSource || r.Code == client.BrazilianBorder) && s.Source.Name != "":
		about = append(about, "in "+s.Source.Name)
	case r.Code == bulk.Changed:
		about = append(about, strings.TrimPrefix(r.Message, "changed since the plan: "))
	}
	if r.Code == bulk.NotFound && s.Where != "" {
		about = append(about, s.Where)
	}
	if len(about) == 0 {
		return name
	}
	return name + " (" + strings.Join(about, ", ") + ")"
}

// hint returns the flag or the action that helps against a reason.
func hint(code int) string {
	switch code {
	case client.SIMsAttached:
		return "--detach detaches them from their devices"
	case client.StatusNotAllowed:
		return "add their status with --allow-status, or remove that flag"
	case client.NoAdminOnSource:
		return "ask an Administrator of that Workspace to move them, or to make you one"
	case client.BrazilianBorder:
		return "SIMs may not move into or out of Brazil: leave them out"
	case client.TargetNoEnterprise:
		return "Choose an enterprise Workspace with --to."
	case client.TargetSuspended:
		return "Ask the operator to enable the Workspace first."
	case client.SIMsChanged:
		return "leave them out with --sim-id; --keep-status ignores a changed status, --detach another device"
	case client.DeviceUnavailable:
		return "--leave-devices moves them back without their devices"
	case client.AlreadyUndone:
		return "name the others with --sim-id"
	case client.ApprovalRequired:
		return "simferry migrate makes a job, which waits for approval; leave out --on-client"
	case client.InPendingOffer:
		return "they are offered to another Workspace: wait for the answer, or cancel the offer"
	case client.ReasonRequired:
		return "--reason says why they move"
	case bulk.NotFound:
		return "check the numbers; deleted SIMs are not found either"
	case bulk.Changed:
		return "make a new plan"
	}
	return ""
}

// printSummary prints the last line before the run starts.
func (s *screen) printSummary(p *bulk.Plan, conflict onConflict, way string) {
	n := p.Count()
	switch {
	case n == 0 && len(p.Blocked) == 0:
		s.line("\nNothing to do.")
	case n == 0:
		s.line("\nNothing moves.")
	case len(p.Blocked) > 0 && conflict == stop:
		s.line("")
		s.paragraph(0, "Nothing moves, because some SIMs may not move. With --on-conflict skip, the other %s %s.", thousands(n), plural(n, "moves", "move"))
	default:
		s.line("")
		s.paragraph(0, "%s %s, %s.", thousands(n), plural(n, "SIM moves", "SIMs move"), way)
	}
}

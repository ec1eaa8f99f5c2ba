package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func ruleWhatIf(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "what-if FILE",
		Short: "Show what the rules of a file would have decided, compared with the present rules",
		Long: `Compare the rules of a file with the present rules of the installation, and change nothing. The
rules of Workspaces belong to both.

The first part is about the migrations of the last days: which of them the rules would have
refused, held for approval or warned about, as a whole and for each SIM. The second part is about
the SIMs that are there now: each is judged as if it moved alone to every Workspace to which SIMs
of its Workspace were moved in those days.

Only rules are judged, not permissions. A rule that is not valid yet decides nothing: with --at
it is judged as of a later time. Facts that the ledger does not hold, such as the country of a
Workspace at that time, are judged by today's value, and the output names them.`,
		Example: "  simferry rule what-if rules.json\n  simferry rule what-if rules.json --days 365 --at 2027-01-01T00:00:00Z",
		Args:    positional("FILE"),
	})
	q := operator.WhatIf{}
	at := ""
	cmd.Flags().IntVar(&q.Days, "days", operator.DefaultWhatIfDays, "how many days of the ledger are judged, with today")
	cmd.Flags().StringVar(&at, "at", "", "judge the rules of the file that are valid at this time (RFC 3339; default now)")
	form := outputFlag(cmd)
	printJSON := cmd.Flags().Bool("json", false, "the same as --output json: the body that the operator API returns")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if q.Rules, err = readRuleFile(args[0]); err != nil {
			return err
		}
		if err := operator.CheckWhatIfDays(q.Days); err != nil {
			return usagef("--%v", err)
		}
		if at != "" {
			if q.At, err = time.Parse(time.RFC3339, at); err != nil {
				return usagef("--at: %q is not a time: write it as 2027-01-31T00:00:00Z", at)
			}
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			bar := newProgress(p, "judging")
			bar.begin(100)
			q.Progress = bar.reach
			result, err := in.Operator.WhatIf(ctx, q)
			bar.end()
			if err != nil {
				return err
			}
			if *printJSON {
				*form = asJSON
			}
			if *form == asJSON {
				return form.print(p.Stdout, answer{value: httpx.WhatIfBody(result)})
			}
			return printWhatIf(p.Stdout, &result)
		})
	}
	return cmd
}

// printWhatIf writes a result for users.
func printWhatIf(w io.Writer, r *fleet.WhatIfResult) error {
	text := &strings.Builder{}
	fmt.Fprintf(text, "Compared with rule set %d, for %d migrations of %d SIMs since %s.\n", r.RuleSet, r.Moved.Migrations, r.Moved.SIMs, instant(r.Since))
	fmt.Fprintf(text, "The rules of the file are judged as of %s.\n", instant(r.At))
	if len(r.Today) > 0 {
		fmt.Fprintf(text, "Judged by today's value, because the ledger does not hold it: %s.\n", strings.Join(r.Today, ", "))
	}
	text.WriteString("\nPast migrations, as a whole if at least one SIM is concerned:\n")
	form := asTable
	if _, err := io.WriteString(w, text.String()); err != nil {
		return err
	}
	if err := form.print(w, effectTable(&r.Ledger, true)); err != nil {
		return err
	}
	if err := printFleet(w, &r.Fleet); err != nil {
		return err
	}
	if err := printImpacts(w, r); err != nil {
		return err
	}
	return printPairs(w, r)
}

// rulingNames are the rows of a table of effects.
var rulingNames = []struct {
	ruling fleet.Ruling
	name   string
}{{fleet.RulingRefuse, "refused"}, {fleet.RulingHold, "held for approval"}, {fleet.RulingWarn, "warned about"}}

// effectTable shows effects; without migrations it shows numbers of SIMs only.
func effectTable(e *fleet.Effects, migrations bool) answer {
	a := answer{header: table.Row{"decision", "now", "with the file", "newly"}}
	show := func(x fleet.Extent) string {
		if !migrations {
			return fmt.Sprint(x.SIMs)
		}
		return fmt.Sprintf("%d (%d SIMs)", x.Migrations, x.SIMs)
	}
	for _, n := range rulingNames {
		a.rows = append(a.rows, table.Row{n.name, show(e.Present[n.ruling]), show(e.Candidate[n.ruling]), show(e.New[n.ruling])})
	}
	a.rows = append(a.rows, table.Row{"allowed", "", "", show(e.New[fleet.RulingNone])})
	return a
}

func printFleet(w io.Writer, f *fleet.FleetEffects) error {
	_, err := fmt.Fprintf(w, "\nThe fleet now, %d SIMs, each moved alone to the targets that its Workspace has used:\n", f.SIMs)
	if err != nil {
		return err
	}
	a := effectTable(&f.Effects, false)
	a.rows = append(a.rows, table.Row{"refused for every target", fmt.Sprint(f.Stuck.Present), fmt.Sprint(f.Stuck.Candidate), fmt.Sprint(f.Stuck.New)})
	form := asTable
	if err := form.print(w, a); err != nil {
		return err
	}
	if f.Unknown > 0 {
		_, err = fmt.Fprintf(w, "%d SIMs are not judged: no SIM has left their Workspace in this time.\n", f.Unknown)
	}
	return err
}

func printImpacts(w io.Writer, r *fleet.WhatIfResult) error {
	a := answer{header: table.Row{"rule", "version", "workspace", "effect", "in", "migrations", "SIMs", "failed", "stricter", "fleet", "examples"}}
	for _, i := range r.Rules {
		in := "both"
		switch {
		case !i.Present:
			in = "file"
		case !i.Candidate:
			in = "now"
		}
		effect := string(i.Rule.Effect)
		if i.Announced {
			effect += " (not valid yet)"
		}
		ids := make([]string, len(i.Examples))
		for j, e := range i.Examples {
			ids[j] = fmt.Sprint(e.Migration)
		}
		a.rows = append(a.rows, table.Row{i.Rule.ID, i.Rule.Version, orDash(i.Rule.Workspace), effect, in, i.Ledger.Migrations, i.Ledger.SIMs, i.Failed, i.New, i.Fleet, orDash(strings.Join(ids, ", "))})
	}
	if len(a.rows) == 0 {
		return nil
	}
	if _, err := io.WriteString(w, "\nRules: the past migrations and SIMs to which each applies\n"); err != nil {
		return err
	}
	form := asTable
	return form.print(w, a)
}

func printPairs(w io.Writer, r *fleet.WhatIfResult) error {
	a := answer{header: table.Row{"source", "target", "migrations", "SIMs", "refused", "held", "newly refused", "newly held", "newly allowed", "fleet refused", "newly"}}
	for _, p := range r.Pairs {
		l := &p.Ledger
		a.rows = append(a.rows, table.Row{
			p.Source.Name, p.Target.Name, p.Moved.Migrations, p.Moved.SIMs, l.Candidate[fleet.RulingRefuse].SIMs, l.Candidate[fleet.RulingHold].SIMs,
			l.New[fleet.RulingRefuse].SIMs, l.New[fleet.RulingHold].SIMs, l.New[fleet.RulingNone].SIMs,
			fmt.Sprintf("%d of %d", p.Fleet.Candidate[fleet.RulingRefuse].SIMs, p.SIMs), p.Fleet.New[fleet.RulingRefuse].SIMs,
		})
	}
	if len(a.rows) == 0 {
		return nil
	}
	if _, err := io.WriteString(w, "\nWorkspaces, in SIMs: those with the most changes first\n"); err != nil {
		return err
	}
	form := asTable
	if err := form.print(w, a); err != nil || r.PairsLeftOut == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "%d more pairs of Workspaces are not shown.\n", r.PairsLeftOut)
	return err
}

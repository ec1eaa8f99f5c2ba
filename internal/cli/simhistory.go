package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/iccidfile"
)

// simsHistory is the command that shows where a SIM has been.
func simsHistory(p Process) *cobra.Command {
	l := lister[api.Stay]{
		cmd: &cobra.Command{
			Use:   "history ICCID",
			Short: "Show the Workspaces that a SIM has been in",
			Long: `Show every Workspace that a SIM has been in, the first one first: from when to when, by which migration, and by which
authority. Workspaces that you are not a member of are shown as "another Workspace".`,
			Example: `  simferry sims history 8988303000000000250
  simferry sims history 8988303000000000250 --in "Fleet FR" --output json`,
			Args: positional("ICCID"),
		},
		columns: []column[api.Stay]{
			{name: "workspace", of: func(s api.Stay) any { return stayPlace(s) }},
			{name: "from", of: func(s api.Stay) any { return instantOrNone(s.From) }},
			{name: "until", of: func(s api.Stay) any { return instantOrNone(s.Until) }},
			{name: "migration", of: func(s api.Stay) any {
				if s.Migration == nil || s.Migration.ID == nil {
					return ""
				}
				return int64(*s.Migration.ID)
			}},
			{name: "authority", of: func(s api.Stay) any { return s.Authority }},
		},
	}
	l.process, l.form, l.profile = p, listForm(asTable), profileFlag(l.cmd, p)
	l.cmd.Flags().StringVar(&l.in, "in", "", "the Workspace, by id or name (default: your current one)")
	l.cmd.Flags().VarP(&l.form, "output", "o", "output format")
	l.cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var numbers iccidfile.List // with or without the check digit
		if err := numbers.One("", args[0]); err != nil {
			return usagef("%w", err)
		}
		c, err := p.within(cmd.Context(), *l.profile, l.in)
		if err != nil {
			return err
		}
		h, err := historyOf(cmd.Context(), c, string(numbers.Numbers[0].ICCID))
		if err != nil {
			return err
		}
		if l.form == listForm(asJSON) {
			form := asJSON
			return form.print(p.Stdout, answer{value: h})
		}
		return l.print(h.Stays)
	}
	return l.cmd
}

// historyOf finds a SIM by its ICCID and reads its history.
func historyOf(ctx context.Context, c *client.Client, iccid string) (*api.SIMHistory, error) {
	page, err := c.ListSIMs(ctx, client.ListOptions{Filter: "iccid:" + iccid})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 {
		return nil, fmt.Errorf("there is no SIM %s in this Workspace: --in names another one", iccid)
	}
	return c.SIMHistory(ctx, page.Items[0].ID)
}

func stayPlace(s api.Stay) string {
	if s.Workspace == nil {
		return "another Workspace"
	}
	return s.Workspace.Name
}

// instantOrNone is "" for no time.
func instantOrNone(t *api.Time) string {
	if t == nil {
		return ""
	}
	return instant(t.Time)
}

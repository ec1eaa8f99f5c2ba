package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/iccidfile"
)

// simsHistory returns the command that shows the past Workspaces of a SIM.
func simsHistory(p Process) *cobra.Command {
	l := lister[api.Stay]{
		cmd: &cobra.Command{
			Use:   "history ICCID",
			Short: "Show the Workspaces that a SIM has been in",
			Long: `Show every Workspace that a SIM has been in, the oldest first: from when to when, by which
migration, and by which authority. Workspaces that you are not a member of are shown as "another
Workspace". The SIM is searched in your current Workspace and then in the others that you belong
to.`,
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
	l.cmd.Flags().StringVar(&l.in, "in", "", "the Workspace that the SIM is in, by id or name (default: any of yours)")
	l.cmd.Flags().VarP(&l.form, "output", "o", "output format")
	l.cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var numbers iccidfile.List // with or without the check digit
		if err := numbers.One("", args[0]); err != nil {
			return usagef("%w", err)
		}
		h, err := p.simHistory(cmd.Context(), *l.profile, l.in, string(numbers.Numbers[0].ICCID))
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

// simHistory finds a SIM by its ICCID, in one Workspace or in any of the caller's, and reads its
// history.
func (p Process) simHistory(ctx context.Context, profile, in, iccid string) (*api.SIMHistory, error) {
	c, err := p.within(ctx, profile, in)
	if err != nil {
		return nil, err
	}
	h, err := historyOf(ctx, c, iccid)
	if err != nil || h != nil {
		return h, err
	}
	if in != "" {
		return nil, fmt.Errorf("there is no SIM %s in the Workspace %s: leave out --in to search in all of yours", iccid, in)
	}
	_, known, err := p.connect(profile)
	if err != nil {
		return nil, err
	}
	others, _, err := memberships(ctx, c, known)
	if err != nil {
		return nil, err
	}
	for _, w := range others {
		if h, err = historyOf(ctx, c.InWorkspace(w.ID), iccid); h != nil {
			return h, nil
		}
		if err != nil && !client.IsForbidden(err) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("there is no SIM %s in any of your Workspaces: check the number", iccid)
}

// historyOf returns nil if the SIM is not in the Workspace of c.
func historyOf(ctx context.Context, c *client.Client, iccid string) (*api.SIMHistory, error) {
	page, err := c.ListSIMs(ctx, client.ListOptions{Filter: "iccid:" + iccid})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return c.SIMHistory(ctx, page.Items[0].ID)
}

func stayPlace(s api.Stay) string {
	if s.Workspace == nil {
		return "another Workspace"
	}
	return s.Workspace.Name
}

// instantOrNone returns "" for no time.
func instantOrNone(t *api.Time) string {
	if t == nil {
		return ""
	}
	return instant(t.Time)
}

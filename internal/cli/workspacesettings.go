package cli

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
)

// workspaceSettings shows and changes what the Administrators of a Workspace decide for it.
func workspaceSettings(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show or change the settings of a Workspace",
		Long: `Show the settings of a Workspace, after changing those that are given. Only its Administrators can
change them. With --reason-required, SIMs enter and leave the Workspace only with a --reason.`,
		Example: `  simferry workspaces settings
  simferry workspaces settings --in "Fleet FR" --reason-required
  simferry workspaces settings --reason-required=false`,
		Args: positional(),
	}
	profile, form := profileFlag(cmd, p), outputFlag(cmd)
	in := cmd.Flags().String("in", "", "the Workspace, by id or name (default: your current one)")
	const reasonRequired = "reason-required"
	required := cmd.Flags().Bool(reasonRequired, false, "whether SIMs enter and leave only with a reason (default: unchanged)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := p.within(cmd.Context(), *profile, *in)
		if err != nil {
			return err
		}
		var now *api.WorkspaceSettings
		if cmd.Flags().Changed(reasonRequired) {
			now, err = c.SetWorkspaceSettings(cmd.Context(), api.WorkspaceSettingsPatch{ReasonRequired: api.Some(*required)})
		} else {
			now, err = c.WorkspaceSettings(cmd.Context())
		}
		if err != nil {
			return err
		}
		return form.print(p.Stdout, answer{
			header: table.Row{"setting", "value"}, rows: []table.Row{{reasonRequired, yesNo(now.ReasonRequired)}}, value: now,
		})
	}
	return cmd
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

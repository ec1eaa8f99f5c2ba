package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func workspaceSet(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "set WORKSPACE",
		Short: "Rename, suspend, enable or change a Workspace",
		Long: `Change the given properties of a Workspace. SIMs cannot move into a suspended Workspace; its members
can still sign in, read, and move SIMs out. While a Workspace has SIMs, its country cannot change to
or from Brazil. While it is the Workspace, issuer or reseller of SIMs, its type cannot change.`,
		Example: `  simferry workspace set 100 --status suspended
  simferry workspace set "Fleet DE" --name "Fleet Germany" --country DE --parent 1`,
		Args: positional("the WORKSPACE, by id or name"),
	})
	form := outputFlag(cmd)
	kind, status := newKeyword(fleet.WorkspaceTypes, fleet.Enterprise), newKeyword(fleet.WorkspaceStatuses, fleet.WorkspaceEnabled)
	name := cmd.Flags().String("name", "", "new name")
	cmd.Flags().Var(kind, "type", "one of "+fleet.Keywords(fleet.WorkspaceTypes))
	cmd.Flags().Var(status, "status", "one of "+fleet.Keywords(fleet.WorkspaceStatuses))
	country := cmd.Flags().String("country", "", "country code, two letters of ISO 3166-1; empty for unknown")
	parent := newWorkspaceFlag(cmd, "parent", "the parent Workspace, by id or name; 0 for none")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		which := &workspaceFlag{flag: "WORKSPACE", text: args[0]}
		patch := operator.WorkspacePatch{
			Name: ifSet(cmd, "name", *name), Type: ifSet(cmd, "type", kind.id), Status: ifSet(cmd, "status", status.id),
			Country: ifSet(cmd, "country", *country),
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			id, err := which.id(ctx, in)
			if err != nil {
				return err
			}
			above, err := parent.id(ctx, in)
			if err != nil {
				return err
			}
			patch.Parent = ifSet(cmd, "parent", above)
			w, err := in.Operator.ChangeWorkspace(ctx, id, patch)
			if err != nil {
				return err
			}
			a := workspaceAnswer([]fleet.Workspace{w})
			a.value = workspaceView(w)
			return form.print(p.Stdout, a)
		})
	}
	return cmd
}

// ifSet returns a flag's value if the flag was given, else nil.
func ifSet[T any](cmd *cobra.Command, flag string, value T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return &value
}

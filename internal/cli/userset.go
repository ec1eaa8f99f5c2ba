package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func userSet(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "set E-MAIL",
		Short: "Rename, suspend, activate or change a user",
		Long:  "Change the given properties of a user. Suspension ends every session of the user permanently.",
		Example: `  simferry user set admin@example.com --status suspended
  simferry user set admin@example.com --superadmin=false --default-workspace 100`,
		Args: positional("the user's E-MAIL"),
	})
	form := outputFlag(cmd)
	status := newKeyword(fleet.UserStatuses, fleet.UserActive)
	name := cmd.Flags().String("name", "", "new name")
	cmd.Flags().Var(status, "status", "active or suspended")
	super := cmd.Flags().Bool("superadmin", false, "make the user Administrator of every Workspace, or with =false revoke that")
	home := newWorkspaceFlag(cmd, "default-workspace", "the user's Workspace after sign-in, by id or name")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		patch := operator.UserPatch{
			Name: ifSet(cmd, "name", *name), Status: ifSet(cmd, "status", status.id), SuperAdmin: ifSet(cmd, "superadmin", *super),
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			ws, err := home.id(ctx, in)
			if err != nil {
				return err
			}
			patch.DefaultWorkspace = ifSet(cmd, "default-workspace", ws)
			u, err := in.Operator.ChangeUser(ctx, args[0], patch)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, oneUser(u))
		})
	}
	return cmd
}

func userRole(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "role E-MAIL WORKSPACE=ROLE",
		Short: "Give a user a role in a Workspace, or revoke it",
		Long: `Give a user a role in a Workspace, instead of any other: administrator, user or observer. The role
none removes the user from the Workspace. The only role of a user cannot be revoked: suspend the
user instead.`,
		Example: `  simferry user role admin@example.com 200=observer
  simferry user role admin@example.com 200=none`,
		Args: positional("the user's E-MAIL", "WORKSPACE=ROLE"),
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, none := strings.CutSuffix(args[1], "=none")
		var role fleet.Role
		if !none {
			var err error
			if text, role, err = parseRole(args[1]); err != nil {
				return usagef("WORKSPACE=ROLE: %v", err)
			}
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			named := workspaceFlag{flag: "WORKSPACE=ROLE", text: text}
			ws, err := named.id(ctx, in)
			if err != nil {
				return err
			}
			if none {
				if err := in.Operator.RemoveRole(ctx, args[0], ws); err != nil {
					return err
				}
				_, err = printf(p.Stderr, "Removed %s from Workspace %d.\n", args[0], ws)
				return err
			}
			u, err := in.Operator.SetRole(ctx, args[0], ws, role, fleet.UserActive)
			if err != nil {
				return err
			}
			_, err = printf(p.Stderr, "%s: %s\n", args[0], userView(u).allRoles())
			return err
		})
	}
	return cmd
}

// oneUser returns the result for a single user.
func oneUser(u operator.UserListing) answer {
	a := userAnswer([]operator.UserListing{u})
	a.value = userView(u)
	return a
}

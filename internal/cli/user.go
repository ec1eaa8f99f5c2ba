package cli

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func userCommands(p Process) *cobra.Command {
	return group("user", "Create, invite, change and list users, set roles and passwords, unlock accounts, reset second factors", userCreate(p), userSet(p), userRole(p), userList(p), userPasswd(p), userUnlock(p), userResetMFA(p), userInvite(p))
}

func userCreate(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "create E-MAIL",
		Short: "Create a user who can sign in immediately",
		Long: `Create a user who can sign in immediately. The command prompts for the password, or reads it from
standard input with --password-stdin. It takes no password as an argument, because other users of
the machine can see arguments.`,
		Example: `  simferry user create admin@example.com --role 100=administrator --role 200=observer
  simferry user create root@example.com --superadmin --default-workspace 1 --password-stdin < password.txt`,
		Args: positional("the user's E-MAIL"),
	})
	form, secret, roles := outputFlag(cmd), passwordFlag(cmd, p), roleFlag{}
	var n operator.NewUser
	cmd.Flags().StringVar(&n.Name, "name", "", "the user's name (default: the e-mail address)")
	cmd.Flags().Var(roles, "role", "role in a Workspace, by id or name: administrator, user or observer; may be repeated")
	cmd.Flags().BoolVar(&n.SuperAdmin, "superadmin", false, "make the user Administrator of every Workspace")
	home := newWorkspaceFlag(cmd, "default-workspace", "the user's Workspace after sign-in (default: the lowest id under --role)")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		n.Username = args[0]
		if n.Password, err = secret.read(); err != nil {
			return err
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			if n.Roles, err = roles.roles(ctx, in); err != nil {
				return err
			}
			n.RoleFields = map[fleet.WorkspaceID]string{0: "--role"}
			for ws := range n.Roles {
				n.RoleFields[ws] = "--role"
			}
			if n.DefaultWorkspace, err = home.id(ctx, in); err != nil {
				return err
			}
			u, err := in.Operator.CreateUser(ctx, n)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, oneUser(u))
		})
	}
	return cmd
}

func userList(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "list",
		Short: "List every user with all roles",
		Example: `  simferry user list
  simferry user list --output json`,
		Args: positional(),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			all, err := in.Operator.ListUsers(ctx)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, userAnswer(all))
		})
	}
	return cmd
}

func userPasswd(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "passwd E-MAIL",
		Short: "Set a user's password",
		Long: `Set a user's password, and end every session of the user. The command prompts for the password, or
reads it from standard input with --password-stdin.`,
		Example: `  simferry user passwd admin@example.com
  simferry user passwd admin@example.com --password-stdin < password.txt`,
		Args: positional("the user's E-MAIL"),
	})
	secret := passwordFlag(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		password, err := secret.read()
		if err != nil {
			return err
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			if err := in.Operator.SetPassword(ctx, args[0], password); err != nil {
				return err
			}
			_, err := printf(p.Stderr, "The password of %s is set. All sessions of the user have ended.\n", args[0])
			return err
		})
	}
	return cmd
}

func userUnlock(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "unlock E-MAIL",
		Short: "Unlock a user after wrong passwords or codes",
		Long: `Reset the count of wrong passwords and codes of a user, so that the user can sign in again. If an
attacker keeps guessing, add the address from which the user signs in with --from: for 24 hours
attempts from it are counted separately, so that attempts from elsewhere cannot lock the user out.`,
		Example: `  simferry user unlock admin@example.com
  simferry user unlock admin@example.com --from 203.0.113.7`,
		Args: positional("the user's E-MAIL"),
	})
	address := cmd.Flags().String("from", "", "the IP address from which the user signs in")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var from netip.Addr
		if *address != "" {
			var err error
			if from, err = netip.ParseAddr(*address); err != nil {
				return usagef("%s needs --from with an IP address, such as 203.0.113.7", cmd.CommandPath())
			}
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			if err := in.Operator.UnlockUser(ctx, args[0], from); err != nil {
				return err
			}
			_, err := printf(p.Stderr, "%s can sign in again.\n", args[0])
			return err
		})
	}
	return cmd
}

func userResetMFA(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "reset-mfa E-MAIL",
		Short: "Remove the second factor of a user who lost it",
		Long: `Remove the second factor of a user who lost it, and the user's trusted devices. From then on the
password is enough to sign in.`,
		Example: `  simferry user reset-mfa admin@example.com`,
		Args:    positional("the user's E-MAIL"),
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			if err := in.Operator.ResetSecondFactor(ctx, args[0]); err != nil {
				return err
			}
			_, err := printf(p.Stderr, "Removed the second factor of %s.\n", args[0])
			return err
		})
	}
	return cmd
}

// roleFlag collects --role 100=administrator, a pflag.Value. The keys are Workspaces as they
// were written.
type roleFlag map[string]fleet.Role

func (f roleFlag) String() string { return "" }
func (f roleFlag) Type() string   { return "WORKSPACE=ROLE" }
func (f roleFlag) Set(s string) error {
	workspace, role, err := parseRole(s)
	if err != nil {
		return err
	}
	if _, twice := f[workspace]; twice {
		return fmt.Errorf("%s: this Workspace is given twice; a user has one role in each", workspace)
	}
	f[workspace] = role
	return nil
}

// roles looks the Workspaces up.
func (f roleFlag) roles(ctx context.Context, in *server.Installation) (map[fleet.WorkspaceID]fleet.Role, error) {
	roles := make(map[fleet.WorkspaceID]fleet.Role, len(f))
	for text, role := range f {
		named := workspaceFlag{flag: "--role", text: text}
		id, err := named.id(ctx, in)
		if err != nil {
			return nil, err
		}
		if _, twice := roles[id]; twice {
			return nil, usagef("--role: Workspace %d is given twice: a user has one role in each", id)
		}
		roles[id] = role
	}
	return roles, nil
}

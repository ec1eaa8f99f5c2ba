package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/server"
)

func tokenCommands(p Process) *cobra.Command {
	return group("token", "Create application tokens", tokenCreate(p))
}

func tokenCreate(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "create",
		Short: "Create an application token of a Workspace",
		Long: `Create an application token, the credential of a program, bound to one Workspace. The token is
printed on standard output. It is not stored and cannot be shown again.`,
		Example: `  simferry token create --workspace 100 --description billing
  TOKEN=$(simferry token create --workspace 100 --expires 2027-12-31 --cidr 10.0.0.0/8)`,
		Args: positional(),
	})
	var n control.NewToken
	workspace := newWorkspaceFlag(cmd, "workspace", "the Workspace, by id or name (required)")
	cmd.Flags().StringVar(&n.Description, "description", "", "purpose of the token")
	cmd.Flags().Var((*lastDay)(&n.Expires), "expires", "expiry: 2027-12-31 (the end of that day in UTC) or 2027-12-31T18:00:00Z (default: never)")
	cmd.Flags().StringVar(&n.CIDR, "cidr", "", "network that may use it, such as 10.0.0.0/8 (default: any)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if workspace.text == "" {
			return usagef("%s needs --workspace", cmd.CommandPath())
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			var err error
			if n.Workspace, err = workspace.id(ctx, in); err != nil {
				return err
			}
			t, err := in.Operator.CreateApplicationToken(ctx, n)
			if err != nil {
				return err
			}
			_, _ = printf(p.Stderr, "Application token %d of Workspace %d. It is shown only once:\n", t.ID, n.Workspace)
			_, err = fmt.Fprintln(p.Stdout, t.Text)
			return err
		})
	}
	return cmd
}

// day is an instant, or the beginning of a day in UTC, a pflag.Value.
type day time.Time

func (d *day) Type() string { return "time" }
func (d *day) String() string {
	if time.Time(*d).IsZero() {
		return ""
	}
	return time.Time(*d).Format(time.RFC3339)
}

func (d *day) Set(s string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			*d = day(t)
			return nil
		}
	}
	return fmt.Errorf("must be a day such as 2027-12-31, or a time such as 2027-12-31T18:00:00Z")
}

// lastDay is a day that counts as a whole, for something that expires at its end; or an instant.
type lastDay time.Time

func (d *lastDay) Type() string   { return "time" }
func (d *lastDay) String() string { return (*day)(d).String() }

func (d *lastDay) Set(s string) error {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		*d = lastDay(api.EndOfDay(t))
		return nil
	}
	return (*day)(d).Set(s)
}

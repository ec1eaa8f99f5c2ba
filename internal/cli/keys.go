package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func keyCommands(p Process) *cobra.Command {
	return group("keys", "Rotate, list and remove the keys that sign tokens", keysRotate(p), keysList(p), keysRemove(p))
}

func keysRotate(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "rotate",
		Short: "Make a new signing key",
		Long: `Make a new signing key. Every server signs with it from now on and goes on to accept what the old ones
have signed, so nobody is signed out. An old key is removed by itself once all that it signed has expired; the
application tokens of a key keep it as long as they live.`,
		Example: `  simferry keys rotate
  simferry keys rotate --database-file /run/secrets/simferry-database`,
		Args: positional(),
	})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			k, err := in.Operator.RotateKey(ctx)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(p.Stderr, "The key that signs from now on:")
			_, err = fmt.Fprintln(p.Stdout, k.ID)
			return err
		})
	}
	return cmd
}

func keysList(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "list",
		Short: "List the signing keys",
		Example: `  simferry keys list
  simferry keys list --output json`,
		Args: positional(),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			keys, err := in.Operator.ListKeys(ctx)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, keyAnswer(keys))
		})
	}
	return cmd
}

func keysRemove(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "remove KEY",
		Short: "Take a signing key away at once, because somebody else may have it",
		Long: `Take a signing key away at once. Every auth token and every application token that it signed ends on every
server; sessions go on with their refresh tokens, application tokens must be made anew. 'keys list' tells how
many live by a key. Rotate first where the key is the one that signs.`,
		Example: `  simferry keys remove wDLJXd9F_6wR57g0lP4BY8WzpYQY8Rnp_Th0Tl0rcIE`,
		Args:    positional("the KEY's id"),
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			if err := in.Operator.RemoveKey(ctx, args[0]); err != nil {
				return err
			}
			_, err := printf(p.Stderr, "The key %s is removed; what it signed has ended.\n", args[0])
			return err
		})
	}
	return cmd
}

type keyJSON struct {
	ID                string     `json:"id"`
	Signs             bool       `json:"signs"`
	Created           time.Time  `json:"created"`
	Replaced          *time.Time `json:"replaced,omitempty"`
	ApplicationTokens int        `json:"application_tokens"`
}

func keyAnswer(keys []operator.KeyListing) answer {
	a := answer{header: table.Row{"id", "signs", "created", "replaced", "application tokens"}}
	views := make([]keyJSON, len(keys))
	for i, k := range keys {
		views[i] = keyJSON{ID: k.ID, Signs: k.Replaced.IsZero(), Created: k.Created, ApplicationTokens: k.Tokens}
		signs, replaced := "yes", any("-")
		if !views[i].Signs {
			views[i].Replaced = &keys[i].Replaced
			signs, replaced = "no", date(k.Replaced)
		}
		a.rows = append(a.rows, table.Row{k.ID, signs, date(k.Created), replaced, k.Tokens})
	}
	a.value = views
	return a
}

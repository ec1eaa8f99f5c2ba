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
		Long: `Make a new signing key. Every server signs with it from now on and still accepts tokens that the
old keys have signed, so no user is signed out. The server removes an old key when every token that
it signed has expired, including application tokens.`,
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
			_, _ = fmt.Fprintln(p.Stderr, "New signing key:")
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
		Short: "Remove a signing key immediately, if it may have leaked",
		Long: `Remove a signing key immediately. Every auth token and application token that it signed stops
working on every server. Sessions continue with their refresh tokens; application tokens must be
created again. 'simferry keys list' shows how many depend on each key. If the key is the one that
signs now, rotate first.`,
		Example: `  simferry keys remove wDLJXd9F_6wR57g0lP4BY8WzpYQY8Rnp_Th0Tl0rcIE`,
		Args:    positional("the KEY's id"),
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			if err := in.Operator.RemoveKey(ctx, args[0]); err != nil {
				return err
			}
			_, err := printf(p.Stderr, "Removed the key %s. Tokens that it signed no longer work.\n", args[0])
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

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/identity"
)

func operatorCommands(p Process) *cobra.Command {
	return group("operator", "Make tokens of the operator API", operatorToken(p))
}

func operatorToken(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make a token of the operator API",
		Long: `Make a token of the operator API and print it with its name, as a line for the file that
'simferry serve' reads with --operator-token-file. The command stores nothing. A server accepts
every token of the file. To replace one, add the new token, send SIGHUP to the server, switch the
programs over, remove the old token, and send SIGHUP again.`,
		Example: `  (umask 077; simferry operator token --name terraform >> /etc/simferry/operator-tokens)
  simferry serve --operator-token-file /etc/simferry/operator-tokens`,
		Args: positional(),
	}
	name := cmd.Flags().String("name", "", "name of the token in the logs and the audit log (required)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !identity.ValidOperatorTokenName(*name) {
			return usagef("%s needs --name, of up to 40 letters, digits, '.', '_' and '-'", cmd.CommandPath())
		}
		_, err := fmt.Fprintln(p.Stdout, *name, identity.NewOperatorToken())
		return err
	}
	return cmd
}

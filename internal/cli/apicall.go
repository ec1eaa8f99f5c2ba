package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// apiCall is one call of a command that works with a server over its API.
type apiCall struct {
	cmd     *cobra.Command
	process Process
	client  *client.Client
	profile string
	screen  *screen
	output  *output
}

// overAPI adds the flags that such commands have, and connects before it calls do.
func overAPI(p Process, cmd *cobra.Command, do func(ctx context.Context, a *apiCall, args []string) error) *cobra.Command {
	profileName, output := profileFlag(cmd, p), outputFlag(cmd)
	var in string
	cmd.Flags().StringVar(&in, "in", "", "the Workspace, by id or name (default: your current one)")
	_ = cmd.RegisterFlagCompletionFunc("in", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return p.completeWorkspaces(cmd.Context(), *profileName), cobra.ShellCompDirectiveNoFileComp
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := p.within(cmd.Context(), *profileName, in)
		if err != nil {
			return err
		}
		return do(cmd.Context(), &apiCall{cmd: cmd, process: p, client: c, profile: *profileName, screen: newScreen(p, output), output: output}, args)
	}
	return cmd
}

// idArgument parses the argument ID of a command. The error names lister, the command that shows
// the ids of something.
func idArgument(text, something, lister string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("%q is not the id of %s: '%s' shows the ids", text, something, lister)
	}
	return id, nil
}

// idRefs returns references to ids.
func idRefs(ids []int64) []api.IDRef {
	refs := make([]api.IDRef, len(ids))
	for i, id := range ids {
		refs[i] = api.RefTo(id)
	}
	return refs
}

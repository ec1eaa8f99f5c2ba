package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func newRoot(p Process) *cobra.Command {
	p.trust = &trust{}
	root := group("simferry", "Move SIM cards between Workspaces: previewed, all or nothing, audited")
	add(root, "Run a server:", serveCommand(p), demoCommand(p))
	add(root, "Work with a server, over its API:",
		loginCommand(p), logoutCommand(p), whoamiCommand(p), accountCommands(p), migrateCommand(p), simsCommand(p), devicesCommand(p), workspacesCommand(p),
		migrationsCommands(p), jobsCommands(p), approvalsCommands(p), offersCommands(p), receivingCodesCommands(p), requestsCommands(p), inquiriesCommands(p), eventsCommand(p))
	add(root, "Manage the installation, directly in its database:",
		workspaceCommands(p), userCommands(p), tokenCommands(p), operatorCommands(p), ruleCommands(p), keyCommands(p), simCommands(p), deviceCommands(p), seedCommand(p), auditCommands(p), fsckCommand(p),
		backupCommand(p), restoreCommand(p), copyCommand(p))
	root.AddCommand(manCommand(p), versionCommand())
	root.Long = `Simferry keeps an inventory of SIM cards and moves them between Workspaces safely.

'simferry serve' runs the server. 'simferry login' signs in to a server, for the commands that work
over its API. The operator's commands work directly on the database and may run beside the server.`
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return missingCommand(cmd, args)
	}
	root.Version = version()
	root.SetVersionTemplate(versionLine() + "\n")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	return root
}

// add puts commands under a heading of their own.
func add(root *cobra.Command, heading string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: heading, Title: heading})
	for _, c := range commands {
		c.GroupID = heading
	}
	root.AddCommand(commands...)
}

// group returns a command that only has subcommands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: missingCommand}
	g.AddCommand(commands...)
	return g
}

// missingCommand returns the error of a group that was called without one of its commands.
func missingCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s needs a command: %s", cmd.CommandPath(), strings.Join(commandNames(cmd), ", "))
	}
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		return usagef("%s has no command %q: did you mean %s?", cmd.CommandPath(), args[0], strings.Join(similar, " or "))
	}
	return usagef("%s has no command %q: use one of %s", cmd.CommandPath(), args[0], strings.Join(commandNames(cmd), ", "))
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// positional wants exactly the arguments that the usage line names.
func positional(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return usagef("%s does not take %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

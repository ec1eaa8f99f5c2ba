package cli

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func seedCommand(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "seed FILE",
		Short: "Load a world file into the database",
		Long: `Load a world file into the database: Workspaces, users, devices, SIMs and profiles. The command runs
in one transaction and identifies everything by id, so running it again changes nothing. An existing
SIM is left unchanged, because it may have moved since.`,
		Example: `  simferry seed world.yaml
  simferry serve --seed world.yaml    # load it before serving`,
		Args: positional("FILE"),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			done, err := in.Seed(ctx, args[0])
			if err != nil {
				return err
			}
			return form.print(p.Stdout, seedAnswer(done))
		})
	}
	return cmd
}

type tallyJSON struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Kept    int `json:"kept"`
}

func seedAnswer(done operator.Applied) answer {
	a := answer{header: table.Row{"kind", "added", "changed", "kept"}}
	value := make(map[string]tallyJSON)
	for _, kind := range []struct {
		name string
		operator.Tally
	}{
		{"workspaces", done.Workspaces},
		{"users", done.Users},
		{"devices", done.Devices},
		{"sims", done.SIMs},
		{"profiles", done.Profiles},
		{"models", done.Models},
	} {
		a.rows = append(a.rows, table.Row{kind.name, kind.Added, kind.Changed, kind.Kept})
		value[kind.name] = tallyJSON(kind.Tally)
	}
	a.value = value
	return a
}

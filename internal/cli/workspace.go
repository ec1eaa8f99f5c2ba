package cli

import (
	"context"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/server"
)

func workspaceCommands(p Process) *cobra.Command {
	return group("workspace", "Create, change and list Workspaces", workspaceCreate(p), workspaceSet(p), workspaceList(p))
}

func workspaceCreate(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "create NAME",
		Short: "Create a Workspace",
		Long:  "Create a Workspace. Only an enterprise Workspace can be the target of a migration.",
		Example: `  simferry workspace create "Ferry Connect" --type mno
  simferry workspace create "Fleet DE" --country DE --parent 1 --id 100`,
		Args: positional("NAME"),
	})
	form := outputFlag(cmd)
	kind := newKeyword(fleet.WorkspaceTypes, fleet.Enterprise)
	cmd.Flags().Var(kind, "type", "one of "+fleet.Keywords(fleet.WorkspaceTypes))
	country := cmd.Flags().String("country", "", "country code, two letters of ISO 3166-1; BR applies the rule for Brazil")
	parent := newWorkspaceFlag(cmd, "parent", "the parent Workspace, by id or name")
	id := cmd.Flags().Int64("id", 0, "id of the new Workspace (default: the next free id)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			above, err := parent.id(ctx, in)
			if err != nil {
				return err
			}
			w, err := in.Operator.CreateWorkspace(ctx, fleet.Workspace{
				ID: fleet.WorkspaceID(*id), Name: args[0], Type: kind.id, Country: *country, Parent: above,
			})
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

func workspaceList(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "list",
		Short: "List every Workspace",
		Example: `  simferry workspace list
  simferry workspace list --output json`,
		Args: positional(),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			all, err := in.Operator.ListWorkspaces(ctx)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, workspaceAnswer(all))
		})
	}
	return cmd
}

type workspaceJSON struct {
	ID      fleet.WorkspaceID `json:"id"`
	Name    string            `json:"name"`
	Type    string            `json:"type"`
	Status  string            `json:"status"`
	Country string            `json:"country,omitempty"`
	Parent  fleet.WorkspaceID `json:"parent,omitempty"`
	Created time.Time         `json:"created"`
}

func workspaceView(w fleet.Workspace) workspaceJSON {
	return workspaceJSON{
		w.ID, w.Name, word(fleet.WorkspaceTypes, w.Type), word(fleet.WorkspaceStatuses, w.Status), w.Country, w.Parent, w.Created,
	}
}

func workspaceAnswer(all []fleet.Workspace) answer {
	a := answer{header: table.Row{"id", "name", "type", "status", "country", "parent", "created"}}
	views := make([]workspaceJSON, len(all))
	for i, w := range all {
		v := workspaceView(w)
		views[i] = v
		a.rows = append(a.rows, table.Row{v.ID, v.Name, v.Type, v.Status, orDash(v.Country), orDash(v.Parent), date(v.Created)})
	}
	a.value = views
	return a
}

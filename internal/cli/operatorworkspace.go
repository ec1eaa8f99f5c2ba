package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/server"
)

// workspaceFlag names a Workspace of the database by id or by name, a pflag.Value.
type workspaceFlag struct {
	flag string // as in messages
	text string
}

func newWorkspaceFlag(cmd *cobra.Command, name, usage string) *workspaceFlag {
	w := &workspaceFlag{flag: "--" + name}
	cmd.Flags().Var(w, name, usage)
	return w
}

func (w *workspaceFlag) String() string { return w.text }
func (w *workspaceFlag) Type() string   { return "WORKSPACE" }
func (w *workspaceFlag) Set(s string) error {
	w.text = s
	return nil
}

// id looks the Workspace up; 0 if none is named, or 0 itself.
func (w *workspaceFlag) id(ctx context.Context, in *server.Installation) (fleet.WorkspaceID, error) {
	if w.text == "" || w.text == "0" {
		return 0, nil
	}
	all, err := in.Operator.ListWorkspaces(ctx)
	if err != nil {
		return 0, err
	}
	list := make(named, len(all))
	for i, ws := range all {
		list[i] = api.UserWorkspace{ID: int64(ws.ID), Name: ws.Name}
	}
	found, err := list.find(w.flag, w.text, "there is no Workspace called %q: 'simferry workspace list' lists them")
	return fleet.WorkspaceID(found.ID), err
}

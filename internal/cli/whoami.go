package cli

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

func whoamiCommand(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Show the signed-in user and the server",
		Example: `  simferry whoami
  simferry whoami --profile lab --output json
  simferry whoami --all`,
		Args: positional(),
	}
	name := profileFlag(cmd, p)
	form := outputFlag(cmd)
	all := cmd.Flags().Bool("all", false, "list all profiles, without a request to a server")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *all {
			return listProfiles(p, form)
		}
		c, known, err := p.connect(*name)
		if err != nil {
			return err
		}
		w, err := c.MyWorkspace(cmd.Context())
		if err != nil {
			return err
		}
		return form.print(p.Stdout, answer{
			header: table.Row{"profile", "server", "user", "id", "workspace"},
			rows:   []table.Row{{*name, known.Server, signedInAs(known), w.ID, w.Name}},
			value: map[string]any{
				"profile": *name, "server": known.Server, "username": known.Username,
				"application": known.ApplicationToken != "", "workspace": w,
			},
		})
	}
	return cmd
}

func listProfiles(p Process, form *output) error {
	store, err := p.profiles()
	if err != nil {
		return err
	}
	names, err := store.Names()
	if err != nil {
		return err
	}
	a := answer{header: table.Row{"profile", "server", "user"}}
	values := []map[string]any{}
	for _, name := range names {
		known, err := store.Load(name)
		if err != nil {
			return err
		}
		a.rows = append(a.rows, table.Row{name, known.Server, signedInAs(known)})
		values = append(values, map[string]any{"profile": name, "server": known.Server, "username": known.Username})
	}
	a.value = values
	return form.print(p.Stdout, a)
}

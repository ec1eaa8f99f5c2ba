package cli

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/simferry/simferry/internal/dburl"
)

func manCommand(p Process) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the man pages into a folder",
		Long:  "Write a man page for each command into a folder, which is created if needed.",
		Example: `  simferry man /usr/local/share/man/man1
  simferry man pages && man pages/simferry-migrate.1`,
		Args: positional("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // every user may read man pages
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // the same pages for the same program
			header := doc.GenManHeader{Section: "1", Source: "simferry " + version(), Manual: "Simferry"}
			if err := doc.GenManTree(root, &header, args[0]); err != nil {
				return err
			}
			_, err := printf(p.Stdout, "The pages are in %s. Start with simferry.1.\n", dburl.Scrub(args[0]))
			return err
		},
	}
}

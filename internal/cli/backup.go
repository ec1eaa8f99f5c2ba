package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/operator"
)

func backupCommand(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database into a file while it is served",
		Long: `Copy the SQLite database into a file, as of one instant, also while the server runs. The copy gets its name
only once it is whole, on the disk, and has passed 'simferry fsck'. A file that is there is not overwritten.

Only the file's owner may read it. It holds the keys that sign tokens: keep it as safe as the database.

PostgreSQL is backed up by its own tools, pg_dump or pg_basebackup.`,
		Example: `  simferry backup /var/backups/fleet-2026-11-22.db`,
		Args:    positional("FILE"),
	})
	return copying(p, cmd, "backed up to", operator.BackUpDatabase)
}

func restoreCommand(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "restore FILE",
		Short: "Make a backup the database",
		Long: `Make a backup the SQLite database that --database names, which must not be there, or be empty. Stop the server
first. The copy is checked before it gets its name: its pages, its schema, and all that 'simferry fsck' asks.
A backup of an older schema is brought up to date; the file itself stays as it is.

PostgreSQL is restored by its own tools, such as pg_restore.`,
		Example: `  simferry restore /var/backups/fleet-2026-11-22.db --database sqlite:/var/lib/simferry/fleet.db`,
		Args:    positional("FILE"),
	})
	return copying(p, cmd, "restored from", func(ctx context.Context, url, file string) (operator.FsckReport, error) {
		return operator.RestoreDatabase(ctx, file, url)
	})
}

// copying makes a command of a copy between the database and a file. If the copy is not sound,
// it prints the faults.
func copying(p Process, cmd *cobra.Command, done string, run func(_ context.Context, url, file string) (operator.FsckReport, error)) *cobra.Command {
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load(cmd, p)
		if err != nil {
			return err
		}
		report, err := run(cmd.Context(), string(cfg.Database), args[0])
		switch {
		case errors.Is(err, operator.ErrUnsound):
			return errors.Join(err, printReport(p.Stdout, form, report))
		case err != nil:
			return err
		case *form == asJSON:
			return printReport(p.Stdout, form, report)
		}
		_, err = printf(p.Stdout, "%s %s, and the copy passes all %d checks of fsck\n", done, args[0], len(report.Checks))
		return err
	}
	return cmd
}

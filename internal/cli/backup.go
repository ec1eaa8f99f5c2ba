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
		Short: "Back up the SQLite database to a file, while the server runs",
		Long: `Copy the SQLite database to a file. The copy is one snapshot; the server may keep running.
The file gets its name when it is complete, on disk and has passed 'simferry fsck'. An existing
file is not overwritten.

Only the file's owner may read it. It contains the keys that sign tokens: protect it like the
database.

Back up PostgreSQL with its own tools, pg_dump or pg_basebackup.`,
		Example: `  simferry backup /var/backups/fleet-2026-11-22.db`,
		Args:    positional("FILE"),
	})
	return copying(p, cmd, "backed up to", operator.BackUpDatabase)
}

func restoreCommand(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "restore FILE",
		Short: "Restore the SQLite database from a backup",
		Long: `Restore the SQLite database that --database names from a backup. The database must not exist, or
be empty. Stop the server first. The command checks the copy before it gives it its name: its
pages, its schema, and everything that 'simferry fsck' checks. It migrates a backup with an older
schema; the backup file stays unchanged.

Restore PostgreSQL with its own tools, such as pg_restore.`,
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

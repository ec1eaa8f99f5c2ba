package cli

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/operator"
)

func copyCommand(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Copy the database from SQLite to PostgreSQL, or back",
		Long: `Copy a whole database to an empty one of the other engine: every row of every table, with all ids.
The copy assigns the ids that the source would assign next.

Stop all servers first. The command refuses a database that another program has open. The source
must have the schema of this version, and pass 'simferry fsck'. At the end the command compares
every value of every row of both databases, and the copy must pass 'simferry fsck', too.

If the command is interrupted, run it again: it continues after the last row that the target has.
Until it has finished, servers refuse to start on the target. The source is not changed.

A PostgreSQL URL is one of the server itself, not of a pooler. --from-file and --to-file read the
URL from a file, which keeps its password out of the list of processes.`,
		Example: `  simferry copy --from sqlite:/var/lib/simferry/fleet.db --to-file /etc/simferry/database-url
  simferry copy --from-file /etc/simferry/database-url --to sqlite:fleet.db`,
		Args: positional(),
	}
	form := outputFlag(cmd)
	from, to := copyURL(cmd, "from", "copied"), copyURL(cmd, "to", "made")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		source, err := from()
		if err != nil {
			return &usageError{err}
		}
		target, err := to()
		if err != nil {
			return &usageError{err}
		}
		result, report, err := operator.CopyDatabase(cmd.Context(), string(source), string(target), copyReport(p.Stderr))
		switch {
		case errors.Is(err, operator.ErrUnsound):
			return errors.Join(err, printReport(p.Stdout, form, report))
		case err != nil:
			return err
		case *form == asJSON:
			return printReport(p.Stdout, form, report)
		}
		if len(result.LeftOut) > 0 {
			if _, err := printf(p.Stdout, "not copied, because they are not Simferry's tables: %s\n", strings.Join(result.LeftOut, ", ")); err != nil {
				return err
			}
		}
		_, err = printf(p.Stdout, "copied %s rows of %d tables; all values are equal, and the copy passes all %d checks of fsck\n",
			grouped(result.Rows), result.Tables, len(report.Checks))
		return err
	}
	return cmd
}

// copyURL adds the flags of one database.
func copyURL(cmd *cobra.Command, name, what string) func() (config.DatabaseURL, error) {
	direct := cmd.Flags().String(name, "", "`URL` of the database that is "+what+", sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	file := cmd.Flags().String(name+"-file", "", "`FILE` that has this URL")
	return func() (config.DatabaseURL, error) {
		switch {
		case *direct != "" && *file != "":
			return "", usagef("--%s and --%s-file are both set: keep one", name, name)
		case *file != "":
			return config.ReadDatabaseURL(*file, "--"+name+"-file", "--"+name)
		case *direct == "":
			return "", usagef("--%s or --%s-file is required", name, name)
		}
		return config.DatabaseURL(*direct), nil
	}
}

// copyReport prints the progress, a line every few seconds at most and one for each table.
func copyReport(w io.Writer) func(operator.CopyProgress) {
	const every = 5 * time.Second
	last := time.Now()
	return func(p operator.CopyProgress) {
		if p.Table == "" || p.Done < p.Rows && time.Since(last) < every {
			return
		}
		last = time.Now()
		_, _ = printf(w, "%s %s: %s of %s rows\n", p.Phase, p.Table, grouped(p.Done), grouped(p.Rows)) // the copy goes on without
	}
}

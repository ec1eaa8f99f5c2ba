package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/cli/atomicfile"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/termtext"
	"github.com/simferry/simferry/internal/world"
)

// A progress bar is redrawn at most once per progressPause; every progressStep lines it is checked
// whether to.
const (
	progressPause = 100 * time.Millisecond
	progressStep  = 1000
)

func simExport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "export [FILE.csv]",
		Short: "Export SIMs to a CSV file, or to standard output",
		Long: `Export all SIMs that are not deleted to a CSV file or to standard output. The export is one snapshot
of the database, sorted by id, with a fixed order of columns. 'simferry sim import' reads it; if SIMs
are in devices, import the devices first. An existing file is replaced when all SIMs are written.`,
		Example: `  simferry sim export sims.csv
  simferry sim export --workspace 100 | gzip > fleet-100.csv.gz`,
		Args: atMostOneFile,
	})
	only := newWorkspaceFlag(cmd, "workspace", "only the SIMs of this Workspace, by id or name")
	open := func(w io.Writer) (listWriter[fleet.SIM], error) { return world.NewSIMWriter(w) }
	return exportCommand(p, cmd, only, "exporting SIMs", open, operator.Operator.ExportSIMs)
}

// exportCommand makes cmd write the rows of a Workspace, or of all, to its file.
func exportCommand[T any](
	p Process, cmd *cobra.Command, only *workspaceFlag, label string, open func(io.Writer) (listWriter[T], error),
	rows func(o operator.Operator, ctx context.Context, ws fleet.WorkspaceID, begin func(int) error, give func(T) error) error,
) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			ws, err := only.id(ctx, in)
			if err != nil {
				return err
			}
			return exportTo(p, args, func(w io.Writer) error {
				return writeList(w, newProgress(p, label), open, func(begin func(int) error, give func(T) error) error {
					return rows(in.Operator, ctx, ws, begin, give)
				})
			})
		})
	}
	return cmd
}

var errExportInterrupted = errors.New("the connection to the database was lost during the export: run the command again")

// listWriter writes a list, line by line.
type listWriter[T any] interface {
	Write(T) error
	Close() error
}

// writeList writes all rows. It fails if rows begins again after a lost connection, because written
// rows cannot be removed.
func writeList[T any](w io.Writer, bar *progress, open func(io.Writer) (listWriter[T], error), rows func(begin func(total int) error, give func(T) error) error) error {
	text := bufio.NewWriterSize(w, 64<<10)
	var out listWriter[T]
	n := 0
	begin := func(total int) (err error) {
		if out != nil {
			return errExportInterrupted
		}
		bar.begin(total)
		out, err = open(text)
		return err
	}
	defer bar.end()
	err := rows(begin, func(row T) error {
		if n++; n%progressStep == 0 {
			bar.reach(n)
		}
		return out.Write(row)
	})
	if err == nil {
		err = out.Close()
	}
	if err == nil {
		err = text.Flush()
	}
	return err
}

// exportTo writes to the file that the arguments name, or to standard output. A reader of
// standard output may be slow, and the list is one snapshot of the database, which keeps
// SQLite's log from shrinking. So the list goes to a temporary file first.
func exportTo(p Process, args []string, write func(io.Writer) error) error {
	if len(args) > 0 && args[0] != "-" {
		return replaceFile(args[0], write)
	}
	spool, err := os.CreateTemp("", "simferry-export-*")
	if err != nil {
		return fmt.Errorf("create a temporary file for the list (set TMPDIR to another folder): %w", err)
	}
	defer func() { _ = errors.Join(spool.Close(), os.Remove(spool.Name())) }() // it has been copied
	if err := write(spool); err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(p.exact(), spool)
	return err
}

// exact returns standard output for a list that another program reads: bytes pass unchanged, but a
// terminal gets control characters escaped.
func (p Process) exact() io.Writer {
	if _, terminal := width(p.Stdout); terminal {
		return p.Stdout
	}
	return termtext.Raw(p.Stdout)
}

// atMostOneFile requires that an export has at most one argument, its file.
func atMostOneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s does not take %q", cmd.CommandPath(), args[1])
	}
	return nil
}

// replaceFile writes a file, and replaces the one with that name when it is complete.
func replaceFile(name string, write func(io.Writer) error) error {
	f, err := atomicfile.Create(name)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}

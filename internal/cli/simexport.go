package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/world"
)

// How often a progress bar is drawn, and how many SIMs pass between two looks at it.
const (
	progressPause = 100 * time.Millisecond
	progressStep  = 1000
)

func simExport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "export [FILE.csv]",
		Short: "Export SIMs to a CSV file, or to standard output",
		Long: `Export all SIMs that are not deleted to a CSV file, or to standard output: one instant of the database, by id,
the columns always in the same order. 'simferry sim import' reads what it writes; import the devices first,
where SIMs sit in some. A file that is there already is replaced once all SIMs are written.`,
		Example: `  simferry sim export sims.csv
  simferry sim export --workspace 100 | gzip > fleet-100.csv.gz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("simferry sim export does not take %q", args[1])
			}
			return nil
		},
	})
	only := cmd.Flags().Int64("workspace", 0, "only the SIMs of this Workspace")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			write := func(w io.Writer) error {
				return writeSIMs(ctx, in.Operator, fleet.WorkspaceID(*only), w, newProgress(p, "exporting SIMs"))
			}
			if len(args) == 0 || args[0] == "-" {
				return write(p.Stdout)
			}
			return replaceFile(args[0], write)
		})
	}
	return cmd
}

var errBrokenOff = errors.New("the connection to the database was lost half way: start again")

// writeSIMs writes all SIMs. What has been written cannot be taken back, so that it does
// not begin a second time.
func writeSIMs(ctx context.Context, o control.Operator, ws fleet.WorkspaceID, w io.Writer, bar *progress) error {
	text := bufio.NewWriterSize(w, 64<<10)
	var out *world.SIMWriter
	n := 0
	begin := func(total int) (err error) {
		if out != nil {
			return errBrokenOff
		}
		bar.begin(total)
		out, err = world.NewSIMWriter(text)
		return err
	}
	defer bar.end()
	err := o.ExportSIMs(ctx, ws, begin, func(s fleet.SIM) error {
		if n++; n%progressStep == 0 {
			bar.reach(n)
		}
		return out.Write(s)
	})
	if err == nil {
		err = out.Close()
	}
	if err == nil {
		err = text.Flush()
	}
	return err
}

// replaceFile writes a file beside the one that is to be, which takes its name once it is
// whole.
func replaceFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.partial")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what is wrong is told already
	}
	return err
}

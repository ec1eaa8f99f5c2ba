package cli

import (
	"context"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/world"
)

func simCommands(p Process) *cobra.Command {
	return group("sim", "Import and export SIMs", simImport(p), simExport(p))
}

func simImport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "import FILE.csv",
		Short: "Import SIMs from a CSV file, all or none",
		Long: `Import SIMs from a CSV file, all or none; every bad line is reported with its number.

The first line names the columns: iccid, and as needed id, imsi, msisdn, eid, workspace, issuer, reseller,
status, production_date, activation_date, device, model and bic. An ICCID has 19 digits, or 20 with its check
digit. SIMs without an id get the next free ones. One that is there already under the same id and ICCID stays
as it is. bic is the 16-digit code of a batch: whoever knows it can register the SIMs, which wait in the
Workspace of their issuer until then. The file is read several times, so it must be a file and no pipe.`,
		Example: `  simferry sim import sims.csv
  simferry sim import sims.csv --workspace 100    # for lines that name no Workspace`,
		Args: positional("FILE.csv"),
	})
	form := outputFlag(cmd)
	home := cmd.Flags().Int64("workspace", 0, "Workspace of the lines that name none")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it was only read
		list, err := world.ReadSIMs(fromStart(f))
		if err != nil {
			return &server.FileError{File: args[0], Err: err}
		}
		bar := newProgress(p, "importing SIMs")
		defer bar.end()
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			bar.begin(list.Count)
			done, err := in.Operator.ImportSIMs(ctx, list, fleet.WorkspaceID(*home), bar.reach)
			bar.end()
			if err != nil {
				return &server.FileError{File: args[0], Err: err}
			}
			return form.print(p.Stdout, importAnswer(done))
		})
	}
	return cmd
}

// fromStart reads a file from its beginning, as often as needed.
func fromStart(f *os.File) world.Source {
	return func() (io.Reader, error) {
		_, err := f.Seek(0, io.SeekStart)
		return f, err
	}
}

func importAnswer(done control.Imported) answer {
	return answer{
		header: table.Row{"added", "kept"},
		rows:   []table.Row{{done.Added, done.Kept}},
		value: struct {
			Added int `json:"added"`
			Kept  int `json:"kept"`
		}{done.Added, done.Kept},
	}
}

package cli

import (
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/world"
)

func simCommands(p Process) *cobra.Command {
	return group("sim", "Import and export SIMs", simImport(p), simExport(p))
}

func simImport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "import FILE",
		Short: "Import SIMs from a CSV file or a workbook, all or none",
		Long: `Import SIMs from a file, all or none; every bad line is reported with its number.

The file may be CSV in any encoding and with any separator, or a workbook (.xlsx) with its numbers
as text. Titles above the line that names the columns are allowed. 

The columns are iccid, and as needed id, imsi, msisdn, eid, workspace, issuer, reseller,
status, production_date, activation_date, device, model and bic. An ICCID has 19 digits, or 20 with
its check digit. SIMs without an id get the next free ids. A SIM that already exists with the same id
and ICCID is left unchanged. bic is the 16-digit code of a batch: the SIMs wait in the Workspace of
their issuer until a customer registers the batch with it. - reads
standard input.`,
		Example: `  simferry sim import sims.csv
  simferry sim import sims.csv --workspace 100    # for lines that name no Workspace`,
		Args: positional("FILE"),
	})
	count := func(list *world.SIMList) int { return list.Count }
	return importCommand(p, cmd, "SIMs", world.ReadSIMs, count, operator.Operator.ImportSIMs)
}

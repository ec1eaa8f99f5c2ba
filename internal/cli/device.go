package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/world"
)

func deviceCommands(p Process) *cobra.Command {
	return group("device", "Import and export devices", deviceImport(p), deviceExport(p))
}

func deviceImport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "import FILE",
		Short: "Import devices from a CSV file or a workbook, all or none",
		Long: `Import devices from a file, all or none; every bad line is reported with its number.

The file may be CSV in any encoding and with any separator, or a workbook (.xlsx) with its numbers
as text. Titles above the line that names the columns are allowed.

The columns are, as needed, id, workspace, name, status, service_profile, tariff_profile, tags,
imei, imei_lock, ip_address and created. Devices without an id get the next free ids. A device that
already exists in the same Workspace is left unchanged. Their SIMs are imported with
'simferry sim import', whose file names the device of each SIM. - reads standard input.`,
		Example: `  simferry device import devices.csv
  simferry device import devices.csv --workspace 100    # for lines that name no Workspace`,
		Args: positional("FILE"),
	})
	count := func(list *world.DeviceList) int { return list.Count }
	return importCommand(p, cmd, "devices", world.ReadDevices, count, operator.Operator.ImportDevices)
}

func deviceExport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "export [FILE.csv]",
		Short: "Export devices to a CSV file, or to standard output",
		Long: `Export all devices that are not deleted to a CSV file or to standard output. The export is one
snapshot of the database, sorted by id, with a fixed order of columns. 'simferry device import'
reads it. An existing file is replaced when all devices are written.`,
		Example: `  simferry device export devices.csv
  simferry device export --workspace 100 | gzip > devices-100.csv.gz`,
		Args: atMostOneFile,
	})
	only := newWorkspaceFlag(cmd, "workspace", "only the devices of this Workspace, by id or name")
	open := func(w io.Writer) (listWriter[fleet.Device], error) { return world.NewDeviceWriter(w) }
	return exportCommand(p, cmd, only, "exporting devices", open, operator.Operator.ExportDevices)
}

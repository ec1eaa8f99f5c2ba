package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

func simsCommand(p Process) *cobra.Command {
	l := lister[api.SIM]{
		cmd: &cobra.Command{
			Use:   "sims",
			Short: "List the SIMs of a Workspace",
			Long: `List the SIMs of a Workspace. Filters: id, iccid (or a prefix), iccid_with_luhn, imsi, msisdn, eid,
status, endpoint (the device; null for none), customer_org, issuer_org, reseller_org,
production_date. The same fields sort the list.`,
			Example: `  simferry sims
  simferry sims --filter status:activated,endpoint:null --sort -id
  simferry sims --in "Fleet FR" --filter iccid:89883030000 --output csv > sims.csv`,
			Args: positional(),
		},
		filter: resolveStatuses,
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.SIM], error) {
			return c.ListSIMs(ctx, o)
		},
		columns: []column[api.SIM]{
			{name: "id", of: func(s api.SIM) any { return s.ID }},
			{name: "iccid", of: func(s api.SIM) any { return s.ICCID }},
			{name: "iccid_with_luhn", wide: true, of: func(s api.SIM) any { return s.ICCIDWithLuhn }},
			{name: "imsi", wide: true, of: func(s api.SIM) any { return s.IMSI }},
			{name: "msisdn", wide: true, of: func(s api.SIM) any { return s.MSISDN }},
			{name: "eid", wide: true, of: func(s api.SIM) any { return s.EID }},
			{name: "status", of: func(s api.SIM) any { return s.Status.Description }},
			{name: "device", of: func(s api.SIM) any { return nameOf(s.Endpoint) }},
			{name: "workspace", of: func(s api.SIM) any { return workspaceName(s.CustomerOrg) }},
			{name: "issuer", wide: true, of: func(s api.SIM) any { return workspaceName(s.IssuerOrg) }},
			{name: "produced", of: func(s api.SIM) any { return day10(s.ProductionDate.Time) }},
		},
	}
	cmd := l.command(p)
	cmd.AddCommand(simsHistory(p),
		simsStatus(p, "activate", "Activate any number of SIMs", client.SIMActivated),
		simsStatus(p, "suspend", "Suspend any number of SIMs", client.SIMSuspended))
	return cmd
}

func devicesCommand(p Process) *cobra.Command {
	l := lister[api.Device]{
		cmd: &cobra.Command{
			Use:   "devices",
			Short: "List the devices of a Workspace",
			Long:  "List the devices of a Workspace, each with its SIM. The API calls devices endpoints.",
			Example: `  simferry devices
  simferry devices --filter status:0 --sort name
  simferry devices --in 200 --output json`,
			Args: positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Device], error) {
			return c.ListDevices(ctx, o)
		},
		columns: []column[api.Device]{
			{name: "id", of: func(d api.Device) any { return d.ID }},
			{name: "name", of: func(d api.Device) any { return d.Name }},
			{name: "status", of: func(d api.Device) any { return d.Status.Description }},
			{name: "sim_id", wide: true, of: func(d api.Device) any {
				if d.SIM == nil {
					return ""
				}
				return d.SIM.ID
			}},
			{name: "iccid", of: func(d api.Device) any {
				if d.SIM == nil {
					return ""
				}
				return d.SIM.ICCID
			}},
			{name: "imei", wide: true, of: func(d api.Device) any { return d.IMEI }},
			{name: "ip_address", wide: true, of: func(d api.Device) any { return d.IPAddress }},
			{name: "tags", of: func(d api.Device) any { return d.Tags }},
			{name: "created", of: func(d api.Device) any { return day10(d.Created.Time) }},
		},
	}
	return l.command(p)
}

func eventsCommand(p Process) *cobra.Command {
	var sim, device int64
	times := timeFilter{of: "events"}
	l := lister[api.Event]{
		polled: true,
		filter: times.add,
		cmd: &cobra.Command{
			Use:   "events",
			Short: "List the events of a Workspace, the latest first",
			Long: `List the events of a Workspace, the latest first. Filters: id, timestamp (or a day), from, until,
event_type, event_source, event_severity, sim, endpoint (the device), user. The same fields sort the
list, without from and until.`,
			Example: `  simferry events
  simferry events --sim 250 --from 2026-11-01 --until 2026-11-30
  simferry events --after 0 --output json
  simferry events --in "Fleet FR" --filter event_type:69 --limit 20`,
			Args: positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Event], error) {
			switch {
			case sim != 0:
				return c.SIMEvents(ctx, sim, o)
			case device != 0:
				return c.DeviceEvents(ctx, device, o)
			}
			return c.ListEvents(ctx, o)
		},
		columns: []column[api.Event]{
			{name: "id", wide: true, of: func(e api.Event) any { return e.ID }},
			{name: "time", of: func(e api.Event) any { return instant(e.Timestamp.Time) }},
			{name: "type", of: func(e api.Event) any { return e.Type.Description }},
			{name: "user", of: func(e api.Event) any {
				if e.User == nil {
					return ""
				}
				return e.User.Username
			}},
			{name: "sim", wide: true, of: func(e api.Event) any {
				if e.SIM == nil {
					return ""
				}
				return e.SIM.ICCID
			}},
			{name: "device", wide: true, of: func(e api.Event) any { return nameOf(e.Endpoint) }},
			{name: "description", of: func(e api.Event) any { return e.Description }},
		},
	}
	cmd := l.command(p)
	times.flags(cmd)
	cmd.Flags().Int64Var(&sim, "sim", 0, "only the events of one SIM, by its id")
	cmd.Flags().Int64Var(&device, "device", 0, "only the events of one device, by its id")
	cmd.MarkFlagsMutuallyExclusive("sim", "device")
	return cmd
}

func workspacesCommand(p Process) *cobra.Command {
	l := lister[api.UserWorkspace]{
		cmd: &cobra.Command{
			Use:   "workspaces",
			Short: "List the Workspaces that you belong to, with your role in each",
			Long: `List the Workspaces that you belong to, with your role in each. You may move SIMs into and out of
those in which you are Administrator. Lists take any of them with --in.`,
			Example: `  simferry workspaces
  simferry workspaces --output json`,
			Args: positional(),
		},
		columns: []column[api.UserWorkspace]{
			{name: "id", of: func(w api.UserWorkspace) any { return w.ID }},
			{name: "name", of: func(w api.UserWorkspace) any { return w.Name }},
			{name: "roles", of: func(w api.UserWorkspace) any { return names(w.Roles) }},
			{name: "status", of: func(w api.UserWorkspace) any { return w.Status.Description }},
			{name: "default", of: func(w api.UserWorkspace) any {
				if w.DefaultWorkspace {
					return "yes"
				}
				return ""
			}},
		},
	}
	l.process, l.form, l.profile = p, listForm(asTable), profileFlag(l.cmd, p)
	l.cmd.Flags().VarP(&l.form, "output", "o", "output format")
	l.cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, known, err := p.connect(*l.profile)
		if err != nil {
			return err
		}
		list, all, err := memberships(cmd.Context(), c, known)
		if err != nil {
			return err
		}
		if !all {
			_, _ = fmt.Fprintln(p.Stderr, "This server lists only the Workspaces that you administer.")
		}
		return l.print(list)
	}
	l.cmd.AddCommand(workspaceSettings(p))
	return l.cmd
}

func nameOf(r *api.NamedRef) string {
	if r == nil {
		return ""
	}
	return r.Name
}

func workspaceName(w *api.WorkspaceRef) string {
	if w == nil {
		return ""
	}
	return w.Name
}

func names(refs []api.NamedRef) string {
	words := make([]string, len(refs))
	for i, r := range refs {
		words[i] = r.Name
	}
	return strings.Join(words, ", ")
}

func day10(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return date(t)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

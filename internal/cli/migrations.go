package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

func migrationsCommands(p Process) *cobra.Command {
	return group("migrations", "Read the ledger of migrations, and undo one", migrationsList(p), migrationsShow(p), migrationsUndo(p))
}

func migrationsList(p Process) *cobra.Command {
	l := lister[api.Migration]{
		polled: true,
		cmd: &cobra.Command{
			Use:   "list",
			Short: "List migrations, the latest first",
			Long: `List the migrations out of and into the Workspaces that you are a member of, the latest first.
Flags such as --iccid and --reference find some of them; they can be combined. --filter takes the
same, with several values as value|value: id, timestamp (or a day), from, until, user,
source_workspace, target_workspace, sim, iccid, iccid_with_luhn, reference, job. The ledger is an
extension of Simferry: other servers of the contract do not have it.`,
			Example: `  simferry migrations list
  simferry migrations list --iccid 8988303000000000012 --from 2026-11-01
  simferry migrations list --reference CHG-4711
  simferry migrations list --job 12
  simferry migrations list --filter target_workspace:200 --sort timestamp --output csv`,
			Args: positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Migration], error) {
			return c.Migrations(ctx, o)
		},
		columns: []column[api.Migration]{
			{name: "id", of: func(m api.Migration) any { return m.ID }},
			{name: "time", of: func(m api.Migration) any { return instant(m.Timestamp.Time) }},
			{name: "user", of: func(m api.Migration) any { return nameOf(m.User) }},
			{name: "sims", of: func(m api.Migration) any { return m.SIMCount }},
			{name: "from", of: func(m api.Migration) any { return sources(m) }},
			{name: "to", of: func(m api.Migration) any { return m.TargetWorkspace.Name }},
			{name: "reference", wide: true, of: func(m api.Migration) any { return m.Reference }},
			{name: "reason", wide: true, of: func(m api.Migration) any { return m.Reason }},
			{name: "job", wide: true, of: func(m api.Migration) any { return idOf(m.Job) }},
		},
	}
	f := migrationFilterFlags(l.cmd)
	l.filter, l.inside = f.add, f.workspaces
	return l.command(p)
}

// idOf returns the id of a reference, "" for none.
func idOf(ref *api.IDRef) any {
	if ref == nil || ref.ID == nil {
		return ""
	}
	return int64(*ref.ID)
}

func sources(m api.Migration) string {
	words := make([]string, len(m.SourceWorkspaces))
	for i, s := range m.SourceWorkspaces {
		words[i] = s.Name
		if len(words) > 1 {
			words[i] += fmt.Sprintf(" (%d)", s.SIMCount)
		}
	}
	return strings.Join(words, ", ")
}

func migrationsShow(p Process) *cobra.Command {
	l := lister[api.MigrationLine]{
		cmd: &cobra.Command{
			Use:   "show ID",
			Short: "Show one migration, each SIM before and after",
			Example: `  simferry migrations show 17
  simferry migrations show 17 --output csv > moved.csv`,
			Args: positional("ID"),
		},
		columns: []column[api.MigrationLine]{
			{name: "id", of: func(l api.MigrationLine) any { return l.ID }},
			{name: "iccid", of: func(l api.MigrationLine) any { return l.ICCID }},
			{name: "from", of: func(l api.MigrationLine) any { return l.Before.Workspace.Name }},
			{name: "to", of: func(l api.MigrationLine) any { return l.After.Workspace.Name }},
			{name: "status", of: func(l api.MigrationLine) any { return change(l.Before.Status.Description, l.After.Status.Description) }},
			{name: "device", of: func(l api.MigrationLine) any { return change(nameOf(l.Before.Endpoint), nameOf(l.After.Endpoint)) }},
		},
	}
	l.process, l.form, l.profile = p, listForm(asTable), profileFlag(l.cmd, p)
	l.cmd.Flags().VarP(&l.form, "output", "o", "output format")
	l.cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return usagef("%q is not the id of a migration: 'simferry migrations list' shows the ids", args[0])
		}
		c, _, err := p.connect(*l.profile)
		if err != nil {
			return err
		}
		m, err := c.Migration(cmd.Context(), id)
		if err != nil {
			return err
		}
		if l.form == listForm(asJSON) {
			form := asJSON
			return form.print(p.Stdout, answer{value: m})
		}
		if l.form == listForm(asTable) {
			_, _ = printf(p.Stdout, "Migration %d of %s UTC, by %s: %d SIMs from %s to %s\n%s\n",
				m.ID, instant(m.Timestamp.Time), byWhom(m), m.SIMCount, sources(*m), m.TargetWorkspace.Name, why(m))
		}
		return l.print(m.SIMs)
	}
	return l.cmd
}

// byWhom names the user of a migration. The giver of an offer does not see who accepted it.
func byWhom(m *api.Migration) any {
	if m.User == nil && m.TargetAuthority == "offer" {
		return "a user of the other side"
	}
	return orDash(nameOf(m.User))
}

// why returns a line with the reference and the reason of a migration, "" if it has neither.
func why(m *api.Migration) string {
	if m.Reference == "" && m.Reason == "" {
		return ""
	}
	return "  " + strings.Trim(m.Reference+": "+m.Reason, ": ") + "\n"
}

func change(before, after string) string {
	if before == after {
		return before
	}
	return fmt.Sprintf("%v → %v", orDash(before), orDash(after))
}

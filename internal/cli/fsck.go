package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/operator"
)

func fsckCommand(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "fsck",
		Short: "Check the integrity of the database",
		Long: `Check the integrity of the whole database: every SIM is in one Workspace, each migration is
complete, the history of every SIM ends at its present state, events, counts and checksums agree,
and the identity of each SIM is as imported. On SQLite the command first checks the pages and
indexes of the file. At the end it lists what no check covers.

It reads one snapshot, writes nothing, and may run beside the server. The exit code is 0 if all
checks pass; otherwise it is 1, and the output names the errors.

--rebuild-counts first repairs the counts behind totals and pages of lists (the checks tally,
tally_seen, tally_levels and list_counts). It changes nothing else. Servers may run if all have this
version; migrations, imports and changes of devices wait for it.`,
		Example: `  simferry fsck
  simferry fsck --rebuild-counts
  simferry fsck --database sqlite:/var/lib/simferry/fleet.db --output json`,
		Args: positional(),
	})
	form := outputFlag(cmd)
	rebuild := cmd.Flags().Bool("rebuild-counts", false, "repair the counts of lists before the checks")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load(cmd, p)
		if err != nil {
			return err
		}
		if *rebuild {
			if err := operator.RebuildCounts(cmd.Context(), string(cfg.Database)); err != nil {
				return err
			}
		}
		report, err := operator.FsckDatabase(cmd.Context(), string(cfg.Database))
		if err != nil {
			return err
		}
		if err := printReport(p.Stdout, form, report); err != nil {
			return err
		}
		return verdict(report)
	}
	return cmd
}

// verdict returns an error if a check failed.
func verdict(r operator.FsckReport) error {
	failed := 0
	for _, c := range r.Checks {
		if !c.OK() {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d checks failed", failed, len(r.Checks))
}

func printReport(w io.Writer, form *output, r operator.FsckReport) error {
	if *form == asJSON {
		return form.print(w, answer{value: reportValue(r)})
	}
	var b strings.Builder
	for _, c := range r.Checks {
		writeCheck(&b, c)
	}
	for _, n := range r.NotCovered {
		fmt.Fprintf(&b, "Not covered: %s%s\n", partOf(n), n.Why)
	}
	fmt.Fprintf(&b, "The audit log ends with link %s\n", headText(r.Audit))
	fmt.Fprintf(&b, "%d checks of one snapshot of %s took %.1f s\n", len(r.Checks), r.At.Format(time.RFC3339), r.Took.Seconds())
	_, err := io.WriteString(w, b.String())
	return err
}

// partOf names a part of the database that is not covered.
func partOf(n operator.FsckNotCovered) string {
	switch {
	case n.Table == "":
		return ""
	case len(n.Columns) == 0:
		return n.Table + ": "
	}
	return n.Table + " (" + strings.Join(n.Columns, ", ") + "): "
}

// writeCheck writes one line, and one more per fault.
func writeCheck(b *strings.Builder, c operator.FsckCheck) {
	word := "ok"
	if !c.OK() {
		word = "FAILED"
	}
	counts := make([]string, len(c.Counts))
	for i, n := range c.Counts {
		counts[i] = grouped(n.N) + " " + n.What
	}
	fmt.Fprintf(b, "%-6s  %-5s  %s: %s, %.2f s\n", word, c.Invariant, c.Name, strings.Join(counts, ", "), c.Took.Seconds())
	for _, f := range c.First {
		fmt.Fprintf(b, "        %s\n", f)
	}
	if more := c.Faults - len(c.First); more > 0 {
		fmt.Fprintf(b, "        and %s more\n", grouped(int64(more)))
	}
}

// grouped formats a number with a comma between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

type reportJSON struct {
	OK       bool        `json:"ok"`
	Snapshot time.Time   `json:"snapshot"`
	Seconds  float64     `json:"seconds"`
	Audit    string      `json:"audit_head"`
	Checks   []checkJSON `json:"checks"`

	NotCovered []notCoveredJSON `json:"not_covered"`
}

// notCoveredJSON is a table, or columns of it, that no check looks at.
type notCoveredJSON struct {
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Why     string   `json:"why"`
}

type checkJSON struct {
	Check     string           `json:"check"`
	Invariant string           `json:"invariant"`
	Name      string           `json:"name"`
	OK        bool             `json:"ok"`
	Counts    map[string]int64 `json:"counts"`
	Seconds   float64          `json:"seconds"`
	Faults    int              `json:"faults"`
	First     []faultJSON      `json:"first"`
}

type faultJSON struct {
	Kind string `json:"kind,omitempty"`
	ID   int64  `json:"id,omitempty"`
	What string `json:"what"`
}

func reportValue(r operator.FsckReport) reportJSON {
	v := reportJSON{OK: r.OK(), Snapshot: r.At, Seconds: r.Took.Seconds(), Audit: headText(r.Audit), Checks: make([]checkJSON, 0, len(r.Checks))}
	for _, n := range r.NotCovered {
		v.NotCovered = append(v.NotCovered, notCoveredJSON{n.Table, n.Columns, n.Why})
	}
	for _, c := range r.Checks {
		j := checkJSON{
			Check: c.Key, Invariant: c.Invariant, Name: c.Name, OK: c.OK(), Counts: make(map[string]int64), Seconds: c.Took.Seconds(),
			Faults: c.Faults, First: make([]faultJSON, 0, len(c.First)),
		}
		for _, n := range c.Counts {
			j.Counts[n.What] = n.N
		}
		for _, f := range c.First {
			j.First = append(j.First, faultJSON(f))
		}
		v.Checks = append(v.Checks, j)
	}
	return v
}

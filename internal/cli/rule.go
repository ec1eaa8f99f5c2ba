package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func ruleCommands(p Process) *cobra.Command {
	cmd := group("rule", "Manage the rules of migrations", ruleList(p), ruleCheck(p), ruleApply(p), ruleWhatIf(p), ruleHistory(p))
	cmd.Long = `The rules of the installation refuse migrations, require approval for them, or warn. They are a JSON
file: an object with the list "rules". 'simferry rule list --output json' prints the present ones in
this form, 'check' reads a file without a database, 'what-if' shows what a file would change, and
'apply' replaces all rules of the installation. Rules of Workspaces, which their Administrators
make, are listed and not changed.`
	return cmd
}

// ruleView is a rule as it is written in a file.
type ruleView struct {
	fleet.Rule
	Workspace fleet.WorkspaceID `json:"workspace,omitempty"`
}

func ruleAnswer(rules []fleet.Rule) answer {
	a := answer{header: table.Row{"id", "version", "workspace", "effect", "code", "rule", "valid from", "valid to"}}
	views := make([]ruleView, len(rules))
	for i, r := range rules {
		views[i] = ruleView{r, r.Workspace}
		a.rows = append(a.rows, table.Row{r.ID, r.Version, orDash(r.Workspace), r.Effect, int(r.Code), r.Words(), orDash(optionalTime(r.ValidFrom)), orDash(optionalTime(r.ValidTo))})
	}
	a.value = struct {
		Rules []ruleView `json:"rules"`
	}{views}
	return a
}

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func ruleList(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:     "list",
		Short:   "List the rules of the installation and of Workspaces",
		Example: "  simferry rule list\n  simferry rule list --output json > rules.json",
		Args:    positional(),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			rules, err := in.Operator.Rules(ctx)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, ruleAnswer(rules))
		})
	}
	return cmd
}

// ownRules leaves out the rules of Workspaces, so that the output of list can be edited and
// applied.
func ownRules(text []byte) []byte {
	var file struct {
		Rules []json.RawMessage `json:"rules"`
	}
	if json.Unmarshal(text, &file) != nil || file.Rules == nil {
		return text // ParseRules reports the error
	}
	before := len(file.Rules)
	file.Rules = slices.DeleteFunc(file.Rules, func(raw json.RawMessage) bool {
		var r struct {
			Workspace fleet.WorkspaceID `json:"workspace"`
		}
		return json.Unmarshal(raw, &r) == nil && r.Workspace != 0
	})
	rest, err := json.Marshal(file)
	if err != nil || len(file.Rules) == before {
		return text
	}
	return rest
}

// readRuleFile reads the rules of the installation from a file.
func readRuleFile(name string) ([]fleet.Rule, error) {
	text, err := os.ReadFile(name) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("the rules cannot be read: %w", err)
	}
	rules, err := fleet.ParseRules(0, ownRules(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rules, nil
}

func ruleCheck(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a file of rules and print each rule in words",
		Long: `Check a file of rules and print each rule in words. The command needs no server and no database.
It fails if the file cannot be applied, and names the rule and the property.`,
		Example: "  simferry rule check rules.json",
		Args:    positional("FILE"),
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		rules, err := readRuleFile(args[0])
		if err != nil {
			return err
		}
		for _, r := range rules {
			if _, err := fmt.Fprintf(p.Stdout, "%s: %s.\n", r.ID, r.Words()); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func ruleApply(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "apply FILE",
		Short: "Replace the rules of the installation",
		Long: `Replace all rules of the installation by those of a file. A rule that the file leaves out ends. The
next migration and the next chunk of every job ask the new rules. A rule with valid_from in the
future is shown as a warning in previews until then.`,
		Example: "  simferry rule check rules.json\n  simferry rule apply rules.json",
		Args:    positional("FILE"),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		rules, err := readRuleFile(args[0])
		if err != nil {
			return err
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			stored, err := in.Operator.ApplyRules(ctx, rules)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, ruleAnswer(stored))
		})
	}
	return cmd
}

func ruleHistory(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:     "history",
		Short:   "List the versions of the rules of the installation, the newest first",
		Example: "  simferry rule history\n  simferry rule history --output json",
		Args:    positional(),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			versions, err := in.Operator.RuleHistory(ctx)
			if err != nil {
				return err
			}
			return form.print(p.Stdout, historyAnswer(versions))
		})
	}
	return cmd
}

func historyAnswer(versions []operator.RuleVersion) answer {
	type version struct {
		Version int64        `json:"version"`
		At      time.Time    `json:"at"`
		Rules   []fleet.Rule `json:"rules"`
	}
	a := answer{header: table.Row{"version", "since", "rules"}}
	views := make([]version, len(versions))
	for i, v := range versions {
		rules := fleet.ReadRules(0, []byte(v.Rules))
		views[i] = version{v.Version, v.At, rules}
		ids := make([]string, len(rules))
		for j, r := range rules {
			ids[j] = r.ID
		}
		a.rows = append(a.rows, table.Row{v.Version, instant(v.At), orDash(strings.Join(ids, ", "))})
	}
	a.value = views
	return a
}

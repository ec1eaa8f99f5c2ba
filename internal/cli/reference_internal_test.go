package cli

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:generate go test -run TestCommandReference -update .

const referencePage = "../../docs/commands.md"

var update = flag.Bool("update", false, "write the reference page instead of comparing it")

// TestCommandReference compares docs/commands.md with the commands of the program.
func TestCommandReference(t *testing.T) {
	want := commandReference(newRoot(Process{LookupEnv: func(string) (string, bool) { return "", false }}))
	if *update {
		if err := os.WriteFile(referencePage, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run go generate ./internal/cli", referencePage)
	}
}

const referenceHead = `# Commands

Generated from the commands of ` + "`internal/cli`" + `; do not edit.

` + "`simferry COMMAND --help`" + ` prints the same, and ` + "`simferry man DIR`" + ` writes man pages.
The settings of the server, and ` + "`--database`" + ` of the operator's commands, are in
[settings](operations/settings.md).

`

func commandReference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(referenceHead)
	b.WriteString("| command | purpose |\n|---|---|\n")
	eachDocumented(root, func(c *cobra.Command) {
		path := c.CommandPath()
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", path, strings.ReplaceAll(path, " ", "-"), c.Short)
	})
	eachDocumented(root, func(c *cobra.Command) { b.WriteString(commandSection(c)) })
	return b.String()
}

// eachDocumented visits the commands that do something, in the order of their names.
func eachDocumented(c *cobra.Command, visit func(*cobra.Command)) {
	if c.HasParent() && !c.Hidden && c.Example != "" {
		visit(c)
	}
	for _, sub := range c.Commands() {
		eachDocumented(sub, visit)
	}
}

func commandSection(c *cobra.Command) string {
	var b strings.Builder
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```text\n%s\n```\n\n", c.CommandPath(), sentences(text), c.UseLine())
	fmt.Fprintf(&b, "Examples:\n\n```text\n%s\n```\n", outdent(c.Example))
	var rows []string
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" && c.Name() != "serve" {
			rows = append(rows, flagRow(f))
		}
	})
	if len(rows) > 0 {
		fmt.Fprintf(&b, "\n| flag | default | meaning |\n|---|---|---|\n%s\n", strings.Join(rows, "\n"))
	}
	return b.String()
}

func flagRow(f *pflag.Flag) string {
	value := ""
	if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && f.DefValue != "0" {
		value = "`" + f.DefValue + "`"
	}
	return fmt.Sprintf("| `--%s` | %s | %s |", f.Name, value, strings.ReplaceAll(f.Usage, "|", `\|`))
}

// sentences puts each sentence on a line of its own, as in the other pages, and wraps it.
func sentences(text string) string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var lines []string
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if len(line)+1+len(word) > 100 {
				lines, line = append(lines, line), ""
			}
			if line != "" {
				line += " "
			}
			line += word
			if strings.HasSuffix(word, ".") && word != "simferry." {
				lines, line = append(lines, line), ""
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
		paragraphs = append(paragraphs, strings.Join(lines, "\n"))
	}
	return strings.Join(paragraphs, "\n\n")
}

// outdent removes the indentation of a command's examples.
func outdent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}

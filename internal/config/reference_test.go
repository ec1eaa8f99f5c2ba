package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const referencePage = "../../docs/operations/settings.md"

var update = flag.Bool("update", false, "write the reference page instead of comparing it")

// TestReference compares the page with the table.
func TestReference(t *testing.T) {
	want := reference()
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
		t.Errorf("%s is out of date: run go generate ./internal/config", referencePage)
	}
}

const referenceHead = `# Settings

Generated from the table in ` + "`internal/config`" + `; do not edit.

A flag has precedence over the environment, the environment over the file, the file over the default.
The file is YAML, and ` + "`--config FILE`" + ` or ` + "`SIMFERRY_CONFIG`" + ` names it; an unknown key in it is an error.
An empty variable counts as absent. Durations have a unit: ` + "`90s`, `15m`, `4h`" + `.

Secrets belong in files: put the database URL with its password into a file that only the server can read,
and name it with ` + "`--database-file`" + `. Simferry prints only host, port and database of a database URL.

`

// excludes has the settings that the file with all settings only mentions, each with the setting
// that excludes it.
var excludes = map[string]string{"database": "database_file", "activation_key": "smtp_url"}

func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	defaults := Default()
	for _, s := range settings {
		value := s.value(&defaults).String()
		if value == "" {
			value = "none"
		} else {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "## %s\n\n%s.\n\n", s.key, s.usage)
		fmt.Fprintf(&b, "| flag | variable | default | example |\n|---|---|---|---|\n| `--%s` | `%s` | %s | `%s` |\n\n", s.flag(), s.env(), value, s.example)
	}
	b.WriteString("## A file with all settings\n\n```yaml\n")
	for _, s := range settings {
		if other := excludes[s.key]; other != "" {
			fmt.Fprintf(&b, "# %s: %s  # not with %s\n", s.key, s.example, other)
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", s.key, s.example)
	}
	b.WriteString("```\n")
	return b.String()
}

// Every setting is read from every source.
func TestEverySettingIsRead(t *testing.T) {
	for _, s := range settings {
		var want Config
		if err := s.value(&want).Set(s.example); err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]func(*loader) error{
			"file": func(l *loader) error { return l.parse([]byte(s.key + ": " + s.example)) },
			"environment": func(l *loader) error {
				return l.environment(func(n string) (string, bool) { return map[string]string{s.env(): s.example}[n], true })
			},
			"flag": func(l *loader) error {
				fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
				Flags(fs)
				return errors.Join(fs.Parse([]string{"--" + s.flag() + "=" + s.example}), l.flags(fs))
			},
		} {
			l := loader{config: Default(), origin: make(map[string]source)}
			if err := read(&l); err != nil {
				t.Errorf("%s from %s: %v", s.key, name, err)
			}
			if got := s.value(&l.config).String(); got != s.value(&want).String() {
				t.Errorf("%s from %s is %s, want %s", s.key, name, got, s.value(&want))
			}
		}
	}
}

// The program must accept every example of the page.
func TestExamplesAreValid(t *testing.T) {
	for _, s := range settings {
		c := Default()
		if err := s.value(&c).Set(s.example); err != nil {
			t.Errorf("%s: %v", s.key, err)
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// databaseCommands returns the command lines of all commands that take a database URL, with a word
// for each of their arguments.
func databaseCommands() [][]string {
	var lines [][]string
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Flags().Lookup("database") != nil {
			line := strings.Fields(c.CommandPath())[1:]
			for range strings.Fields(c.Use)[1:] {
				line = append(line, "argument")
			}
			lines = append(lines, line)
		}
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(newRoot(Process{LookupEnv: func(string) (string, bool) { return "", false }}))
	return lines
}

func runWith(t *testing.T, env map[string]string, args ...string) (code int, printed string) {
	t.Helper()
	var out bytes.Buffer
	code = Run(t.Context(), Process{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	return code, out.String()
}

// No command prints a password, wherever the URL is given and whatever is wrong with it.
func TestNoCommandPrintsAPassword(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, line := range databaseCommands() {
		for _, url := range []string{
			"postgres://hunter2:hunter2@127.0.0.1:1/db", "postgres://u:pass@hunter2@h/db", "postgres://u:1/hunter2@h/db",
			"postgres://u:hunter2 x@h/db", "postgres://u:hunter2",
		} {
			file := filepath.Join(t.TempDir(), "url")
			if err := os.WriteFile(file, []byte(url), 0o600); err != nil {
				t.Fatal(err)
			}
			instead := append([]string{}, line...)
			for i, word := range instead {
				if word == "argument" {
					instead[i] = url
				}
			}
			for where, run := range map[string]func() (int, string){
				"flag":     func() (int, string) { return runWith(t, nil, append(line, "--database", url)...) },
				"variable": func() (int, string) { return runWith(t, map[string]string{"SIMFERRY_DATABASE": url}, line...) },
				"file":     func() (int, string) { return runWith(t, nil, append(line, "--database-file", file)...) },
				"as file":  func() (int, string) { return runWith(t, nil, append(line, "--database-file", url)...) },
				"help": func() (int, string) {
					return runWith(t, map[string]string{"SIMFERRY_DATABASE": url}, append(line, "--help")...)
				},
				"argument": func() (int, string) { return runWith(t, map[string]string{"SIMFERRY_DATABASE": url}, instead...) },
				"surplus": func() (int, string) {
					return runWith(t, map[string]string{"SIMFERRY_DATABASE": url}, append(line, url, url)...)
				},
			} {
				code, printed := run()
				if strings.Contains(printed, "hunter2") && strings.Contains(url, "@") || code == 0 && where != "help" {
					t.Errorf("%v with %s as %s: exit code %d, printed %s", line, url, where, code, printed)
				}
			}
		}
	}
}

// A password may be in an argument or flag of any command: a URL that is cleaned as a path loses a
// slash.
func TestNoFlagOrArgumentPrintsAPassword(t *testing.T) {
	t.Chdir(t.TempDir())
	env := map[string]string{"SIMFERRY_HOME": t.TempDir(), "SIMFERRY_DATABASE": "sqlite:missing/folder.db"}
	const url = "postgres://u:p@hunter2@h/db"
	runs := 0
	try := func(line ...string) {
		runs++
		if _, printed := runWith(t, env, line...); strings.Contains(printed, "hunter2") {
			t.Errorf("%v printed %s", line, printed)
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, below := range c.Commands() {
			walk(below)
		}
		line := strings.Fields(c.CommandPath())[1:]
		try(append(line, url)...)
		try(append(line, strings.ToUpper(url[:8])+url[8:])...)
		try(append(line, "--"+url)...)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() != "bool" {
				try(append(line, "--"+f.Name, url)...)
			}
		})
	}
	walk(newRoot(Process{LookupEnv: func(string) (string, bool) { return "", false }}))
	try("backup", url, "--database", "sqlite:b.db")
	if runs < 500 {
		t.Errorf("only %d lines were tried", runs)
	}
}

// A URL with parameters made a database called "s.db?mode=ro".
func TestDatabaseURLWithParametersIsRefused(t *testing.T) {
	lines := databaseCommands()
	if len(lines) < 15 {
		t.Fatalf("only %d commands take a database", len(lines))
	}
	for _, line := range lines {
		t.Run(strings.Join(line, " "), func(t *testing.T) {
			t.Chdir(t.TempDir())
			code, printed := runWith(t, nil, append(line, "--database", "sqlite:s.db?mode=ro")...)
			if code == 0 || len(line) == 1 && !strings.Contains(printed, "takes no parameters") {
				t.Errorf("exit code %d, printed %s", code, printed)
			}
			if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
				t.Errorf("it made %v, %v", files, err)
			}
		})
	}
}

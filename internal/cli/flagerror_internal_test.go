package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// internals are words of Go and its libraries that no screen shows.
var internals = regexp.MustCompile(`strconv|ParseInt|ParseBool|invalid syntax|invalid argument|first path segment|parse "|\bgroup \[|time: |pflag|unsupported|[^-]json:|Go value`)

// eachCommand visits every command that does something.
func eachCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	for _, c := range cmd.Commands() {
		if c.Name() != "help" && c.Name() != "completion" {
			eachCommand(c, visit)
		}
	}
	if cmd.Runnable() && !cmd.HasSubCommands() || cmd.Name() == "migrate" || cmd.Name() == "runs" {
		visit(cmd)
	}
}

// TestBadValuesOfEveryFlag gives every flag of every command an invalid value. The exit code is
// that of wrong usage, and the message names the flag and its valid values without words of Go.
func TestBadValuesOfEveryFlag(t *testing.T) {
	runs := 0
	wrong := func(args []string, want ...string) {
		runs++
		var out, errs bytes.Buffer
		home := t.TempDir()
		code := Run(t.Context(), Process{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, LookupEnv: func(name string) (string, bool) {
			if name != homeEnv {
				return "", false
			}
			return home, true
		}})
		if code != exitUsage || internals.MatchString(errs.String()) {
			t.Errorf("%v: exit code %d, %s", args, code, errs.String())
		}
		for _, w := range want {
			if !strings.Contains(errs.String(), w) {
				t.Errorf("%v: %q is missing in %s", args, w, errs.String())
			}
		}
	}
	eachCommand(newRoot(Process{Stdin: strings.NewReader(""), LookupEnv: func(string) (string, bool) { return "", false }}), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "database" {
				return // judged once all settings are known
			}
			switch f.Value.Type() {
			case "string", "stringSlice", "stringArray", "WORKSPACE", "file":
				return // any text is one
			}
			wrong(append(path, "--"+f.Name+"=\x00x"), "--"+f.Name+": ", "See 'simferry ")
			if kind := f.Value.Type(); kind == "int" || kind == "int64" {
				wrong(append(path, "--"+f.Name+"=99999999999999999999"), "99999999999999999999 is out of range")
			}
			if f.NoOptDefVal == "" {
				wrong(append(path, "--"+f.Name), "--"+f.Name+" needs a value")
			}
		})
		wrong(append(path, "--no-such-flag"), "has no flag --no-such-flag")
	})
	if runs < 100 {
		t.Errorf("only %d calls", runs)
	}
	wrong([]string{"login", "--password-stdin", "--application-token-stdin"}, "--application-token-stdin and --password-stdin cannot be used together")
	wrong([]string{"migrate", "--to", "200", "--sim-id", "1", "--plan", "x", "--dry-run"}, "--dry-run and --plan cannot be used together")
}

func TestServerAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://sims.example.com":      "https://sims.example.com",
		"http://10.0.0.1:8080/base":     "http://10.0.0.1:8080/base",
		"sims.example.com":              "https://sims.example.com",
		"sims.example.com:8443":         "https://sims.example.com:8443",
		"sims.example.com/base":         "https://sims.example.com/base",
		"localhost:8080":                "http://localhost:8080",
		"127.0.0.1:8080":                "http://127.0.0.1:8080",
		"[::1]:8080":                    "http://[::1]:8080",
		"10.0.0.1:8080":                 "https://10.0.0.1:8080",
		"localhost.example.com:8080":    "https://localhost.example.com:8080",
		" localhost:8080 ":              "http://localhost:8080",
		"ftp://sims.example.com":        "",
		"":                              "",
		"https://":                      "",
		":8080":                         "",
		"sims example com":              "",
		"https://u:secret@host:99999x/": "",
		"http://u:secret@host":          "",
		"u@localhost:8080":              "",
		"https://host/base?q=secret":    "",
		"https://host?":                 "",
		"host/#secret":                  "",
		"host#":                         "",
	} {
		got, err := serverAddress(text)
		if got != want || (err == nil) != (want != "") || err != nil && (internals.MatchString(err.Error()) || strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), "--server: ")) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli"
)

// result is the output and the exit code of one command.
type result struct {
	code        int
	out, errors string
}

// run runs one command on the database file; stdin is not a terminal.
func run(t *testing.T, database, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	environment := map[string]string{"SIMFERRY_DATABASE": "sqlite:" + database}
	code := cli.Run(t.Context(), cli.Process{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		LookupEnv: func(name string) (string, bool) {
			value, found := environment[name]
			return value, found
		},
	})
	return result{code, out.String(), errs.String()}
}

func database(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "fleet.db")
}

func TestExitCodes(t *testing.T) {
	db := database(t)
	tests := []struct {
		args []string
		code int
		want string // on standard error
	}{
		{[]string{"workspace", "create", "Fleet DE"}, 0, ""},
		{[]string{"workspace", "list"}, 0, ""},
		{nil, 0, ""},
		{[]string{"workspace", "create", "\n"}, 1, "name: "},
		{[]string{"seed", "no-such.yaml"}, 1, "no-such.yaml"},
		{[]string{"workspace"}, 2, "needs a command: create, list"},
		{[]string{"workspace", "crate"}, 2, "did you mean create?"},
		{[]string{"frobnicate"}, 2, `has no command "frobnicate"`},
		{[]string{"workspace", "create"}, 2, "needs NAME"},
		{[]string{"workspace", "create", "A", "B"}, 2, `does not take "B"`},
		{[]string{"workspace", "create", "A", "--type", "club"}, 2, "must be one of mno, service_provider, reseller, enterprise"},
		{[]string{"workspace", "list", "--output", "xml"}, 2, "must be table or json"},
		{[]string{"user", "create", "a@b.example", "--role", "administrator"}, 2, "must be WORKSPACE=ROLE"},
		{[]string{"user", "create", "a@b.example", "--role", "1=superadmin"}, 2, "must be administrator, user or observer"},
		{[]string{"user", "create", "a@b.example", "--role", "1=user", "--role", "1=observer"}, 2, "is given twice"},
		{[]string{"token", "create"}, 2, "needs --workspace"},
		{[]string{"token", "create", "--workspace", "1", "--expires", "tomorrow"}, 2, "must be a day such as"},
		{[]string{"serve", "--listen", "nowhere"}, 2, "must be host:port"},
		{[]string{"serve", "--database", "mysql:x"}, 2, "must be sqlite:PATH or postgres://"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			got := run(t, db, "", tt.args...)
			if got.code != tt.code || !strings.Contains(got.errors, tt.want) {
				t.Errorf("exit code %d, want %d; said %q, want %q", got.code, tt.code, got.errors, tt.want)
			}
			if (got.errors == "") != (tt.code == 0) {
				t.Errorf("exit code %d, but said %q", got.code, got.errors)
			}
			if strings.Count(got.errors, "simferry: ") > 1 {
				t.Errorf("said more than once: %q", got.errors)
			}
		})
	}
}

func TestPasswordIsAskedForOnlyOnATerminal(t *testing.T) {
	db := database(t)
	run(t, db, "", "workspace", "create", "Fleet DE")
	got := run(t, db, "correct horse\n", "user", "create", "a@b.example", "--role", "1=user")
	if got.code != 2 || !strings.Contains(got.errors, "use --password-stdin") {
		t.Errorf("%+v", got)
	}
	got = run(t, db, "correct horse\r\nsecond line", "user", "create", "a@b.example", "--role", "1=user", "--password-stdin", "-o", "json")
	var user struct{ Username string }
	if err := json.Unmarshal([]byte(got.out), &user); err != nil || user.Username != "a@b.example" {
		t.Errorf("%+v %v", got, err)
	}
}

// An empty list is an empty list for programs, too.
func TestEmptyLists(t *testing.T) {
	db := database(t)
	for _, list := range []string{"workspace", "user"} {
		if got := run(t, db, "", list, "list", "--output", "json"); got.out != "[]\n" {
			t.Errorf("%s list: %q", list, got.out)
		}
		if got := run(t, db, "", list, "list"); !strings.HasPrefix(got.out, "ID  ") {
			t.Errorf("%s list: %q", list, got.out)
		}
	}
}

// Every command that does something shows how.
func TestHelpHasExamples(t *testing.T) {
	for _, command := range []string{
		"serve", "workspace create", "workspace list", "user create", "user list", "user passwd", "token create", "sim import", "seed", "fsck", "backup", "restore", "version",
		"login", "logout", "whoami", "migrate", "migrate apply", "migrate resume", "migrate runs", "migrate runs prune", "user invite", "account activate", "account reset", "account mfa list", "account mfa enrol", "account mfa remove",
		"sims", "devices", "workspaces", "migrations list", "migrations show", "events", "man",
	} {
		got := run(t, database(t), "", append(strings.Fields(command), "--help")...)
		if got.code != 0 || !strings.Contains(got.out, "Examples:\n  simferry "+command) {
			t.Errorf("%s --help: %s", command, got.out)
		}
	}
}

package cli_test

import (
	"strings"
	"testing"
)

// Every command on the database takes a Workspace by its name where it takes an id, and
// refuses a text that could be either.
func TestWorkspacesByNameOnTheDatabase(t *testing.T) {
	db := database(t)
	for _, args := range [][]string{
		{"workspace", "create", "Fleet DE", "--id", "100"}, {"workspace", "create", "Fleet FR", "--id", "200", "--parent", "fleet de"},
		{"workspace", "create", "Twin", "--id", "300"}, {"workspace", "create", "Twin", "--id", "301"}, {"workspace", "create", "100", "--id", "302"},
		{"user", "create", "a@b.example", "--role", "Fleet DE=administrator", "--default-workspace", "Fleet DE", "--password-stdin"},
		{"user", "role", "a@b.example", "Fleet FR=observer"}, {"user", "set", "a@b.example", "--default-workspace", "Fleet FR"},
		{"user", "role", "a@b.example", "Fleet FR=none"},
		{"workspace", "set", "Fleet FR", "--status", "suspended", "--parent", "Twin=x"},
		{"workspace", "set", "Fleet FR", "--status", "suspended"},
		{"token", "create", "--workspace", "Fleet DE"},
		{"sim", "export", "--workspace", "Fleet DE"}, {"device", "export", "--workspace", "id:100"},
	} {
		got := run(t, db, "correct horse battery\n", args...)
		if unknown := args[len(args)-1] == "Twin=x"; unknown != (got.code != 0) {
			t.Errorf("%v: %+v", args, got)
		}
	}
	for want, args := range map[string][]string{
		`there is no Workspace called "Nowhere": 'simferry workspace list'`: {"sim", "export", "--workspace", "Nowhere"},
		`several Workspaces are called "Twin"`:                              {"token", "create", "--workspace", "Twin"},
		`100 is the id of one Workspace and the name of another`:            {"device", "export", "--workspace", "100"},
		`--role: there is no Workspace called "Lost"`:                       {"user", "create", "c@b.example", "--role", "Lost=user", "--password-stdin"},
		`is given twice`: {"user", "create", "c@b.example", "--role", "Fleet DE=user", "--role", "id:100=user", "--password-stdin"},
	} {
		if got := run(t, db, "correct horse battery\n", args...); got.code == 0 || !strings.Contains(got.errors, want) {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if got := run(t, db, "", "user", "list"); !strings.Contains(got.out, "100=administrator") || strings.Contains(got.out, "200=") {
		t.Errorf("%+v", got)
	}
}

package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
)

// What the operator's commands do is in the audit log, which is exported, and verified
// against a link that was noted before.
func TestAuditIsExportedAndVerified(t *testing.T) {
	db := database(t)
	for _, command := range [][]string{
		{"workspace", "create", "Fleet"}, {"token", "create", "--workspace", "1", "--description", "billing"}, {"keys", "rotate"},
	} {
		if got := run(t, db, "", command...); got.code != 0 {
			t.Fatalf("%v: %+v", command, got)
		}
	}
	exported := run(t, db, "", "audit", "export", "--output", "json")
	var actions []string
	for line := range strings.Lines(exported.out) {
		var e struct {
			Actor, Action, Outcome, Hash string
			Seq                          int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || len(e.Hash) != 64 || e.Seq != len(actions)+1 {
			t.Errorf("%v: %s", err, line)
		}
		actions = append(actions, e.Actor+" "+e.Action+" "+e.Outcome)
	}
	want := "server key.made done, operator_command workspace.created done, operator_command application_token.made done, operator_command key.made done"
	if got := strings.Join(actions, ", "); got != want {
		t.Errorf("exported are %s, want %s", got, want)
	}
	table := run(t, db, "", "audit", "export", "--from", "2001-01-01", "--to", "9999-12-31T00:00:00Z")
	if rows, err := csv.NewReader(strings.NewReader(table.out)).ReadAll(); err != nil || len(rows) != 5 || rows[2][9] != "workspace.created" {
		t.Errorf("%v: %s", err, table.out)
	}
	if none := run(t, db, "", "audit", "export", "--to", "2001-01-01"); strings.Count(none.out, "\n") != 1 {
		t.Errorf("before all of it there was %s", none.out)
	}

	sound := run(t, db, "", "audit", "verify")
	lines := strings.Split(strings.TrimSpace(sound.out), "\n")
	head := lines[len(lines)-1]
	if sound.code != 0 || !strings.HasSuffix(head, "@4") {
		t.Fatalf("%+v", sound)
	}
	if got := run(t, db, "", "fsck"); got.code != 0 || !strings.Contains(got.out, "The audit log ends with link "+head) {
		t.Errorf("%+v", got)
	}
	if got := run(t, db, "", "audit", "verify", "--head", head); got.code != 0 {
		t.Errorf("%+v", got)
	}
	damage(t, db, "DELETE FROM audit WHERE seq = 4")
	if got := run(t, db, "", "audit", "verify"); got.code != 1 || !strings.Contains(got.out, "the chain ends with link 3, and link 4 was made") {
		t.Errorf("an entry that was cut off the end: %+v", got)
	}
	damage(t, db, "UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)")
	if got := run(t, db, "", "audit", "verify"); got.code != 0 {
		t.Errorf("only a link noted elsewhere shows that the end and its note were cut off: %+v", got)
	}
	if got := run(t, db, "", "audit", "verify", "--head", head); got.code != 1 || !strings.Contains(got.out, "the chain ends with link 3") {
		t.Errorf("%+v", got)
	}
	damage(t, db, "UPDATE audit SET action = 'key.made' WHERE seq = 2")
	if got := run(t, db, "", "audit", "verify"); got.code != 1 || !strings.Contains(got.out, "audit entry 2: link 2 does not verify") {
		t.Errorf("%+v", got)
	}
	for _, bad := range [][]string{{"verify", "--head", "x@1"}, {"verify", "--head", head[:64]}, {"export", "--from", "yesterday"}, {"export", "--output", "xml"}} {
		if got := run(t, db, "", append([]string{"audit"}, bad...)...); got.code != 2 {
			t.Errorf("%v: %+v", bad, got)
		}
	}
}

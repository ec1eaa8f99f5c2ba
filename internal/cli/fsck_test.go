package cli_test

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const fsckWorld = `
workspaces: [{id: 1, name: Issuer, type: mno}, {id: 100, name: Fleet DE}]
sim_ranges: [{first_id: 1000, first_iccid: "8988303000000001000", count: 30, workspace: 100, issuer: 1, status: issued}]
`

func TestFsckNamesFaults(t *testing.T) {
	db := database(t)
	world := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(world, []byte(fsckWorld), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, db, "", "seed", world); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if got := run(t, db, "", "fsck"); got.code != 0 || strings.Contains(got.out, "FAILED") {
		t.Fatalf("%+v", got)
	}
	damage(t, db, "UPDATE sims SET version = 1")

	got := run(t, db, "", "fsck")
	if got.code != 1 || !strings.HasPrefix(got.errors, "simferry: 2 of ") {
		t.Errorf("exit code %d, said %q", got.code, got.errors)
	}
	for _, want := range []string{
		"FAILED  I4     each SIM's history", "\n        SIM 1000: it has version 1 and 0 lines\n", "SIM 1019:", "\n        and 10 more\n",
		"FAILED  I13    the SIMs are", "\nok      I1 ",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is not in\n%s", want, got.out)
		}
	}
	if strings.Contains(got.out, "SIM 1020:") {
		t.Errorf("more than 20 are named:\n%s", got.out)
	}

	var report struct {
		OK     bool
		Checks []struct {
			Check  string
			OK     bool
			Faults int
			First  []struct {
				Kind string
				ID   int64
				What string
			}
		}
	}
	got = run(t, db, "", "fsck", "-o", "json")
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || got.code != 1 || report.OK {
		t.Fatalf("%+v %v", got, err)
	}
	for _, c := range report.Checks {
		if c.Check == "history" && (c.OK || c.Faults != 30 || len(c.First) != 20 || c.First[0].Kind != "SIM" || c.First[0].ID != 1000) {
			t.Errorf("%+v", c)
		}
	}

	// A damaged database cannot be a backup.
	file := filepath.Join(t.TempDir(), "copy.db")
	got = run(t, db, "", "backup", file)
	if _, err := os.Stat(file); got.code != 1 || err == nil || !strings.Contains(got.errors, "does not pass fsck") || !strings.Contains(got.out, "FAILED  I4") {
		t.Errorf("%+v", got)
	}
}

func damage(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestFsckRebuildsCounts(t *testing.T) {
	db := database(t)
	world := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(world, []byte(fsckWorld), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, db, "", "seed", world); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	damage(t, db, "UPDATE sim_tally SET sims = sims + 1")
	if got := run(t, db, "", "fsck"); got.code != 1 {
		t.Fatalf("%+v", got)
	}
	if got := run(t, db, "", "fsck", "--rebuild-counts"); got.code != 0 || strings.Contains(got.out, "FAILED") {
		t.Errorf("%+v", got)
	}
	if got := run(t, db, "", "fsck"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := run(t, filepath.Join(t.TempDir(), "none.db"), "", "fsck", "--rebuild-counts"); got.code != 1 || !strings.Contains(got.errors, "no such file") {
		t.Errorf("%+v", got)
	}
}

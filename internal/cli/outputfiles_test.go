package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
)

// An output file that cannot be written is an error before anything moves.
func TestOutputFilesAreCreatedFirst(t *testing.T) {
	f := startFakeAPI(t, &fakeAPI{sims: []api.MigrationSIM{
		{ID: 250, ICCID: "8988303000006738593", Status: api.Ref{ID: 1}, SourceWorkspace: api.NamedRef{ID: 100, Name: "Fleet DE"}},
	}})
	dir := t.TempDir()
	sims, plan := filepath.Join(dir, "sims.csv"), filepath.Join(dir, "tonight.plan")
	folder := filepath.Join(dir, "folder.csv")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sims, []byte("iccid\n8988303000006738593\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := f.run(t, "", "migrate", "--to", "200", "--file", sims, "--plan", plan); got.code != 0 {
		t.Fatal(got)
	}
	before, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "none", "moved.csv")
	moving := []string{"migrate", "--to", "200", "--file", sims, "--yes"}
	tests := map[string][]string{
		"report in no folder":    append(moving, "--report", missing),
		"report is a folder":     append(moving, "--report", folder),
		"report is the input":    append(moving, "--report", sims),
		"plan in no folder":      append(moving, "--plan", missing),
		"plan is a folder":       append(moving, "--plan", dir),
		"plan is a device":       append(moving, "--plan", os.DevNull),
		"plan is the input":      append(moving, "--plan", sims),
		"both are one":           append(moving, "--plan", filepath.Join(dir, "x.csv"), "--report", filepath.Join(dir, "x.csv")),
		"apply, no folder":       {"migrate", "apply", plan, "--yes", "--report", missing},
		"apply, onto itself":     {"migrate", "apply", plan, "--yes", "--report", plan + "/../tonight.plan"},
		"SIMs to no folder":      {"sim", "export", missing, "--database", "sqlite:" + filepath.Join(dir, "fleet.db")},
		"devices to a folder":    {"device", "export", folder, "--database", "sqlite:" + filepath.Join(dir, "fleet.db")},
		"audit to no folder":     {"audit", "export", missing, "--database", "sqlite:" + filepath.Join(dir, "fleet.db")},
		"backup to no folder":    {"backup", missing, "--database", "sqlite:" + filepath.Join(dir, "fleet.db")},
		"man pages below a file": {"man", filepath.Join(sims, "pages")},
	}
	for name, args := range tests {
		if got := f.run(t, "", args...); got.code != 1 && got.code != 2 {
			t.Errorf("%s: exit code %d, %s%s", name, got.code, got.out, got.errors)
		}
	}
	if n := f.moves.Load(); n != 0 {
		t.Errorf("%d requests moved SIMs", n)
	}
	after, err := os.ReadFile(plan)
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("the plan has changed: %v", err)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.Contains(e.Name(), ".partial") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
	if err != nil {
		t.Error(err)
	}
	if got := f.run(t, "", append(moving, "--report", filepath.Join(dir, "moved.csv"))...); got.code != 0 || f.moves.Load() != 1 {
		t.Errorf("the real run: %v", got)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "moved.csv")); err != nil || !strings.Contains(string(text), ",moved,") {
		t.Errorf("the report: %q %v", text, err)
	}
}

package cli_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
)

// A text that could mean two Workspaces is refused by every flag that takes one.
func TestWorkspaceByIDOrName(t *testing.T) {
	f := startFakeAPI(t, &fakeAPI{
		workspaces: []api.UserWorkspace{
			workspaceOf(200, "Fleet FR"), workspaceOf(300, "200"), workspaceOf(400, "Fleet"), workspaceOf(500, "fleet"),
			workspaceOf(600, "Twin"), workspaceOf(700, "Twin"), workspaceOf(800, "0200"), workspaceOf(900, "900"), workspaceOf(901, "77"),
		},
		sims: []api.MigrationSIM{{ID: 250, ICCID: "8988303000006738593", SourceWorkspace: api.NamedRef{ID: 100, Name: "Fleet DE"}}},
	})
	tests := []struct{ text, want, refused string }{
		{"Fleet FR", "Fleet FR (200)", ""},
		{"fleet fr", "Fleet FR (200)", ""},
		{"200", "", "write id:200 for the id, or id:300 for the name"},
		{"id:200", "Fleet FR (200)", ""},
		{"id:300", "200 (300)", ""},
		{"300", "200 (300)", ""},
		{"Fleet", "Fleet (400)", ""},
		{"fleet", "fleet (500)", ""},
		{"FLEET", "", "write id:400 or id:500"},
		{"Twin", "", "write id:600 or id:700"},
		{"0200", "0200 (800)", ""},
		{"+200", "", "no Workspace called"},
		{"900", "900 (900)", ""},
		{"77", "", "write id:77 for the id, or id:901 for the name"},
		{"1234", "Workspace 1234 (1234)", ""},
		{"id:x", "", "must be id: and a number"},
		{"id:0", "", "must be id: and a number"},
	}
	for _, tt := range tests {
		for flag, args := range map[string][]string{
			"--to":   {"migrate", "--sim-id", "250", "--dry-run", "--to", tt.text},
			"--from": {"migrate", "--filter", "iccid:89", "--dry-run", "--patience", "1s", "--to", "id:1", "--from", tt.text},
			"--in":   {"sims", "--in", tt.text},
		} {
			got := f.run(t, "", args...)
			switch {
			case tt.refused != "":
				if got.code == 0 || !strings.Contains(got.errors, tt.refused) || !strings.Contains(got.errors, flag) {
					t.Errorf("%s %s: exit code %d, %s", flag, tt.text, got.code, got.errors)
				}
			case got.code != 0 && got.code != 4 || flag == "--to" && !strings.Contains(got.out, "to "+tt.want):
				t.Errorf("%s %s: exit code %d, %s%s, want %s", flag, tt.text, got.code, got.out, got.errors, tt.want)
			}
		}
	}
}

package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// All verdicts come as a file, with the lines of an upload, to each reader what they may see. No
// cell is a formula.
func TestContract_JobVerdictsAsFiles(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.Exec("UPDATE workspaces SET name = '=Fleet' WHERE id = 100")
		iccid := func(id int) string {
			return fmt.Sprint(s.Rows(fmt.Sprintf("SELECT iccid FROM sims WHERE id = %d", id))[0][0])
		}
		path := admin.With("Content-Type", "text/csv").Post(migrationJobs+"?target_workspace=300&on_conflict=skip",
			"iccid\n"+iccid(252)+"\n8988303000000009999\n"+iccid(250)+"\n").Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		luhn := func(id int) string { return fleet.ICCID(iccid(id)).WithLuhn() }
		const header = "row,identifier,id,iccid,iccid_with_luhn,verdict,source_workspace_id,source_workspace_name,migration_id,error_codes,errors\n"
		lines := []string{
			"3,8988303000000009999,,,,not_found,,,,,\n",
			"4,,250," + iccid(250) + "," + luhn(250) + ",refused,100,'=Fleet,,1502,SIM(s) attached to devices\n",
			"2,,252," + iccid(252) + "," + luhn(252) + ",planned,100,'=Fleet,,,\n",
		}
		table := admin.With("Accept", "application/xml, text/csv;q=0.5")
		got := table.Get(path + "/sim").Is(http.StatusOK)
		if diff := cmp.Diff(header+strings.Join(lines, ""), string(got.Body)); diff != "" {
			t.Error(diff)
		}
		if name := got.Header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment; filename=job-") {
			t.Error(name)
		}
		for query, want := range map[string]string{"?q=verdict:refused": lines[1], "?after=250": lines[2], "?after=252": ""} {
			if diff := cmp.Diff(header+want, string(table.Get(path+"/sim"+query).Is(http.StatusOK).Body)); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
		for _, query := range []string{"?page=1", "?per_page=5", "?q=verdict:x", "?q=id:1"} {
			wantCode(t, table.Get(path+"/sim"+query), http.StatusUnprocessableEntity, 1301)
		}
		s.SetRole(5, 300, fleet.Observer)
		for _, c := range []*kit.Client{admin, s.As("observer@example.com"), s.As("stranger@example.com"), s.Program(300)} {
			want := decodeBody[[]api.JobSIM](t, c.Get(path+"/sim"), http.StatusOK)
			var all []api.JobSIM
			for _, form := range []string{"application/jsonl", "application/x-ndjson"} {
				all = nil
				for line := range strings.Lines(string(c.With("Accept", form).Get(path + "/sim").Is(http.StatusOK).Body)) {
					var sim api.JobSIM
					if err := json.Unmarshal([]byte(line), &sim); err != nil {
						t.Fatal(err)
					}
					all = append(all, sim)
				}
				if diff := cmp.Diff(want, all); diff != "" {
					t.Errorf("pages, and JSON Lines: %s", diff)
				}
			}
		}
		for _, accept := range []string{"*/*", "application/json, text/csv", "text/csv;q=0", "text/csv;q=0.0, */*"} {
			if kind := admin.With("Accept", accept).Get(path + "/sim").Is(http.StatusOK).Header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("%s: %s", accept, kind)
			}
		}
		s.As("issuer@example.com").With("Accept", "text/csv").Get(path + "/sim").Is(http.StatusNotFound)
	})
}

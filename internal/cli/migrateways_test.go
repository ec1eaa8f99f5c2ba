package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// ferryMigrations returns calls of migrate that together get every result that is possible in
// kit.Ferry, in this order: first those that move nothing.
func ferryMigrations(list string) [][]string {
	return [][]string{
		{"--to", "200", "--sim-id", "250,251"},
		{"--to", "200", "--sim-id", "250", "--on-conflict", "skip"},
		{"--to", "200", "--sim-id", "260"},
		{"--to", "200", "--file", list},
		{"--to", "200", "--iccid-range", "8988303000000009000..8988303000000009001"},
		{"--to", "500", "--sim-id", "251"},
		{"--to", "600", "--sim-id", "251"},
		{"--to", "999", "--sim-id", "251"},
		{"--to", "900", "--sim-id", "251"},
		{"--to", "200", "--sim-id", "251", "--dry-run"},

		{"--to", "200", "--sim-id", "252,253,254"},
		{"--to", "100", "--sim-id", "252,270"}, // from two Workspaces
		{"--to", "200", "--sim-id", "250,251", "--on-conflict", "skip"},
		{"--to", "200", "--sim-id", "250,251", "--detach"},
		{"--to", "400", "--sim-id", "250,252", "--on-conflict", "skip"}, // into Brazil
		{"--to", "300", "--sim-id", "251,252,253", "--allow-status", "issued", "--on-conflict", "skip"},
		{"--to", "200", "--file", list, "--on-conflict", "skip"},
		{"--to", "300", "--sim-id", "290,251", "--on-conflict", "skip"}, // a foreign SIM
		{"--to", "100", "--sim-id", "251", "--iccid", "8988303000000000251,8988303000000000252"},
		{"--to", "200", "--iccid-range", "8988303000000001000..8988303000000001599"},
		{"--to", "300", "--from", "Fleet FR", "--filter", "status:issued"},
	}
}

// outcome is what a run reports, without what differs between the ways.
type outcome struct {
	Code  int
	Error bool
	Tally bulk.Tally
	SIMs  []bulk.Verdict
	Left  []bulk.SIM

	all, report, world string
}

func outcomeOf(t *testing.T, got result) outcome {
	t.Helper()
	o := outcome{Code: got.code}
	if got.code == 2 || got.out == "" {
		o.Error = true
		return o
	}
	var r struct {
		ExitCode int            `json:"exit_code"`
		Error    string         `json:"error"`
		Tally    bulk.Tally     `json:"tally"`
		SIMs     []bulk.Verdict `json:"sims"`
		Left     []bulk.SIM     `json:"left"`
	}
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || r.ExitCode != got.code {
		t.Fatalf("%v: %+v", err, got)
	}
	o.Error, o.Tally, o.SIMs, o.Left = r.Error != "", r.Tally, r.SIMs, r.Left
	for i := range o.SIMs {
		if o.SIMs[i].Ledger != 0 {
			o.SIMs[i].Ledger = 1 // a job has a ledger entry for each chunk and source
		}
	}
	return o
}

// A migration has the same exit code, verdicts and report, executed by the server or the command,
// and leaves the SIMs in the same Workspaces.
func TestBothWaysOfMigrateAgree(t *testing.T) {
	list := filepath.Join(t.TempDir(), "sims.csv")
	writeFile(t, list, "iccid\n8988303000000000251\n8988303000000000252\n8988303000000000251\n8988303000000000999\n8988303000000000260\n")
	job, client := newWay(t), newWay(t, "--on-client")
	moved := 0
	for _, args := range ferryMigrations(list) {
		asJob, asClient := job.migrate(args), client.migrate(args)
		if asJob.all != asClient.all {
			t.Errorf("migrate %v, as a job:\n%s\nby the command:\n%s", args, asJob.all, asClient.all)
		}
		if asJob.report != asClient.report {
			t.Errorf("migrate %v, the report of a job:\n%s\nof the command:\n%s", args, asJob.report, asClient.report)
		}
		if asJob.world != asClient.world {
			t.Fatalf("migrate %v leaves the SIMs in other states", args)
		}
		moved += asJob.Tally.Moved
	}
	if jobs := fmt.Sprint(job.server.Rows("SELECT count(*) > 5 FROM jobs"), client.server.Rows("SELECT count(*) FROM jobs")); moved == 0 || jobs != "[[1]] [[0]]" {
		t.Errorf("%d SIMs moved, by jobs: %s", moved, jobs)
	}
}

// way is a server whose SIMs are moved in one of the ways.
type way struct {
	server *kit.Server
	person *person
	flags  []string
}

func newWay(t *testing.T, flags ...string) *way {
	t.Helper()
	w := &way{kit.StartFerry(t, kit.SQLite).StartJobs(), newPerson(t), flags}
	w.person.login(w.server.URL, "admin@example.com")
	return w
}

func (w *way) migrate(args []string) (o outcome) {
	t := w.person.t
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.csv")
	o = outcomeOf(t, w.person.run("", append(append([]string{"migrate", "--yes", "--output", "json", "--report", report}, args...), w.flags...)...))
	all, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(report) // there is none after an error
	o.all, o.report = string(all), withoutLedger(string(text))
	o.world = fmt.Sprint(w.server.Rows("SELECT id, workspace_id, status, device_id FROM sims ORDER BY id"))
	return o
}

// withoutLedger removes the ids of ledger entries from a report.
func withoutLedger(report string) string {
	var b strings.Builder
	for line := range strings.Lines(report) {
		cells := strings.Split(line, ",")
		if len(cells) == 12 {
			cells[10] = ""
		}
		b.WriteString(strings.Join(cells, ","))
	}
	return b.String()
}

// The flags and the server decide whether a job or the command moves the SIMs; the output names it.
func TestWayOfMigrate(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite).StartJobs()
	plain := plainServer(t)
	const here, there = "in 1 request.", "as a job of the server"
	for _, tt := range []struct {
		url, flags, says, notes string
		code                    int
	}{
		{s.URL, "", there, "Job 1 moves it; Ctrl-C leaves it running", 0},
		{s.URL, "--as-job", there, "", 0},
		{s.URL, "--reference CHG-4711 --reason test", there, "", 0},
		{s.URL, "--on-client", here, "", 0},
		{s.URL, "--chunk 500", here, "With --chunk this command moves the SIMs itself", 0},
		{s.URL, "--dry-run", there, "", 0},
		{s.URL, "--at 2036-12-04T22:00:00Z --dry-run", "from Thu 2036-12-04 22:00 UTC on", "", 0},
		{plain, "", here, "This server has no jobs, so this command moves the SIMs itself.", 0},
		{plain, "--on-client", here, "", 0},
		{plain, "--at 22:00", "", "--at needs a job of the server, and this server has no jobs", 2},
		{plain, "--as-job", "", "--as-job needs a job of the server", 2},
		{plain, "--reference x", "", "this server has no references and reasons", 2},
		{s.URL, "--on-client --at 22:00", "", "--at and --on-client cannot be used together", 2},
		{s.URL, "--on-client --reference CHG-1 --reason x", here, "", 0},
		{s.URL, "--chunk 10 --at 22:00", "", "--at and --chunk cannot be used together", 2},
		{s.URL, "--plan no.plan --at 22:00", "", "--at and --plan cannot be used together", 2},
	} {
		p := newPerson(t)
		p.login(tt.url, "admin@example.com")
		to := []string{"200", "100"}
		got := p.run("", append([]string{"migrate", "--sim-id", "252", "--yes", "--to", to[0]}, strings.Fields(tt.flags)...)...)
		if got.code != tt.code || !strings.Contains(got.out, tt.says) || !strings.Contains(got.errors, tt.notes) {
			t.Errorf("migrate %s: exit code %d\n%s%s", tt.flags, got.code, got.out, got.errors)
		}
		if tt.notes == "" && strings.Contains(got.errors, "moves the SIMs itself") {
			t.Errorf("migrate %s: %s", tt.flags, got.errors)
		}
		p.run("", "migrate", "--sim-id", "252", "--yes", "--to", to[1], "--on-client")
	}
}

// plainServer returns a server of the bare contract with SIM 252 in Workspace 100.
func plainServer(t *testing.T) (url string) {
	t.Helper()
	f := fakeserver.NewFleet(map[int64]string{100: "Fleet DE", 200: "Fleet FR"})
	f.Add(fakeserver.SIM{ID: 252, ICCID: "8988303000000000252", Status: 2, Workspace: 100})
	return fakeserver.Start(t, f, 100, fakeserver.Options{}).URL
}

// A SIM changes after the plan was shown, before the job has frozen it: the job does not move it.
func TestJobMovesWhatWasShown(t *testing.T) {
	for conflict, code := range map[string]int{"stop": bulk.ExitRefused, "skip": bulk.ExitPartly} {
		s := kit.StartFerry(t, kit.SQLite).StartJobs()
		root := s.As("root@example.com")
		b := newBetween(t, s.URL, "100")
		b.on(beforeJob, func(n int) {
			if n == 1 {
				root.Patch("/api/v1/sim/253", `{"status": {"id": 1}}`).Is(http.StatusNoContent)
			}
		})
		p := newPerson(t)
		p.login(b.URL, "admin@example.com")
		got := p.run("", "migrate", "--sim-id", "252,253", "--to", "200", "--yes", "--on-conflict", conflict)
		if got.code != code || !strings.Contains(got.out, "8988303000000000253 (status Activated, was Suspended)") {
			t.Errorf("%s: %+v", conflict, got)
		}
		moved := fmt.Sprint(s.Rows("SELECT id FROM sims WHERE workspace_id = 200 AND id IN (252, 253)"))
		if want := map[string]string{"stop": "[]", "skip": "[[252]]"}[conflict]; moved != want {
			t.Errorf("%s: moved %s, want %s", conflict, moved, want)
		}
		if unfinished := fmt.Sprint(s.Rows("SELECT count(*) FROM jobs WHERE state NOT IN ('cancelled', 'completed')")); unfinished != "[[0]]" {
			t.Errorf("%s: %s unfinished jobs are left behind", conflict, unfinished)
		}
	}
}

// SIMs change before each job has frozen them. The command then moves the others itself, unless a
// flag needs a job.
func TestJobWhoseSIMsNeverSettle(t *testing.T) {
	for flags, code := range map[string]int{"": bulk.ExitPartly, "--as-job": bulk.ExitError} {
		s := kit.StartFerry(t, kit.SQLite).StartJobs()
		root := s.As("root@example.com")
		all := s.Rows("SELECT id FROM sims WHERE workspace_id = 100 AND status IN (0, 2) AND device_id IS NULL ORDER BY id LIMIT 8")
		if len(all) != 8 {
			t.Fatalf("%d SIMs", len(all))
		}
		var ids []string
		for _, row := range all {
			ids = append(ids, fmt.Sprint(row[0]))
		}
		b := newBetween(t, s.URL, "100")
		b.on(beforeJob, func(n int) {
			if n <= 5 {
				root.Patch("/api/v1/sim/"+ids[n-1], `{"status": {"id": 1}}`).Is(http.StatusNoContent)
			}
		})
		p := newPerson(t)
		p.login(b.URL, "admin@example.com")
		got := p.run("", append([]string{"migrate", "--sim-id", strings.Join(ids, ","), "--to", "200", "--yes", "--on-conflict", "skip"}, strings.Fields(flags)...)...)
		if got.code != code || !strings.Contains(got.errors, "SIMs changed during each of 5 plans of a job") {
			t.Errorf("%s: %+v", flags, got)
		}
		moved := len(s.Rows("SELECT id FROM sims WHERE workspace_id = 200 AND id IN (" + strings.Join(ids, ",") + ")"))
		if want := map[string]int{"": 3}[flags]; moved != want {
			t.Errorf("%s: %d moved, want %d: %+v", flags, moved, want, got)
		}
		if unfinished := fmt.Sprint(s.Rows("SELECT count(*) FROM jobs WHERE state NOT IN ('cancelled', 'completed')")); unfinished != "[[0]]" {
			t.Errorf("%s: %s unfinished jobs are left behind", flags, unfinished)
		}
	}
}

package cli_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/termtext"
)

// hostile is a name with everything that could control a terminal, forge a line, or be a
// formula.
const hostile = "=2+3\x1b[2J\x1b]0;title\a\u009b31m\u202eevil\u2066\x7f\u200b\rover\nNothing to do.\ttab"

// wantPlain fails on output that could control a terminal or that begins a line of its own.
func wantPlain(t *testing.T, what, output string) {
	t.Helper()
	for _, r := range output {
		unsafe := termtext.Unsafe(r) || unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		if unsafe && r != '\n' && r != '\t' {
			t.Errorf("%s: %q in %q", what, r, output)
			return
		}
	}
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "Nothing to do.\\u0009") || strings.HasPrefix(line, "Nothing to do.\t") {
			t.Errorf("%s: a name begins a line: %q", what, output)
		}
	}
}

func hostileAPI(t *testing.T, change func(*fakeAPI)) *fakeAPI {
	t.Helper()
	f := &fakeAPI{
		name: hostile, workspaces: []api.UserWorkspace{workspaceOf(100, hostile), workspaceOf(200, "Fleet FR")},
		sims: []api.MigrationSIM{{
			ID: 250, ICCID: "8988303000006738593", Status: api.Ref{ID: 1, Description: hostile},
			Endpoint: &api.NamedRef{ID: 7, Name: hostile}, SourceWorkspace: api.NamedRef{ID: 100, Name: hostile},
		}},
	}
	if change != nil {
		change(f)
	}
	return startFakeAPI(t, f)
}

// apiCommands returns the commands that print text from a server or a file.
func apiCommands(t *testing.T) map[string][]string {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.csv")
	return map[string][]string{
		"whoami": {"whoami"}, "whoami --all": {"whoami", "--all"},
		"login": {"login", "--username", "admin@example.com", "--password-stdin"},
		"sims":  {"sims"}, "devices": {"devices"}, "events": {"events"}, "workspaces": {"workspaces"},
		"migrations list": {"migrations", "list"}, "migrations show": {"migrations", "show", "17"},
		"migrate":          {"migrate", "--to", "200", "--sim-id", "250", "--dry-run", "--report", report},
		"migrate, filter":  {"migrate", "--to", "200", "--filter", "id:250", "--dry-run", "--patience", "1s"},
		"unknown name":     {"migrate", "--to", hostile + "x", "--sim-id", "250", "--dry-run"},
		"migrate for real": {"migrate", "--to", "200", "--sim-id", "250", "--yes"},
		"runs":             {"migrate", "runs"},
		"offers":           {"offers", "list"}, "offer": {"offers", "show", "7"}, "SIMs of an offer": {"offers", "sims", "7"},
		"offer, preview": {"offers", "make", "--code", "x", "--sim-id", "250", "--dry-run"}, "offer, made": {"offers", "make", "--code", "x", "--sim-id", "250", "--yes"},
		"acceptance": {"offers", "accept", "7", "--yes"}, "refusal": {"offers", "refuse", "7"}, "cancellation": {"offers", "cancel", "7"},
		"codes": {"receiving-codes", "list"}, "code": {"receiving-codes", "create"}, "revocation": {"receiving-codes", "revoke", "7"},
		"requests": {"requests", "list"}, "request": {"requests", "show", "7"}, "request, made": {"requests", "make", "--iccid", "8988303000006738593"},
		"request, withdrawn": {"requests", "withdraw", "7"}, "inquiries": {"inquiries", "list"}, "inquiry": {"inquiries", "show", "7"},
		"inquiry, declined": {"inquiries", "decline", "7"}, "inquiry, offered": {"inquiries", "offer", "7", "--yes"},
		"completion": {"__complete", "migrate", "--to", ""},
	}
}

func TestNamesOfAServerAreEscaped(t *testing.T) {
	refusals := map[string]func(*fakeAPI){
		"names":    nil,
		"jobs":     func(f *fakeAPI) { f.jobs = true },
		"refusals": func(f *fakeAPI) { f.refusal = hostile },
		"failures": func(f *fakeAPI) { f.failure, f.jobs = hostile, true },
	}
	for mode, change := range refusals {
		f := hostileAPI(t, change)
		commands := apiCommands(t)
		if f.jobs {
			maps.Copy(commands, jobCommands())
		}
		for name, args := range commands {
			for _, form := range []string{"", "json", "csv"} {
				full := args
				if form != "" && args[0] != "__complete" {
					full = append(append([]string{}, args...), "--output", form)
				}
				got := f.run(t, "secret", full...)
				wantPlain(t, mode+", "+name+" "+form, got.out+got.errors)
				if mode == "jobs" && args[0] == "jobs" && form != "csv" && args[1] != "start" && !strings.Contains(got.out+got.errors, "evil") {
					t.Errorf("%s %s does not print the names: %s", name, form, got.out+got.errors)
				}
				if form == "json" && got.code == 0 && strings.HasPrefix(strings.TrimSpace(got.out), "[{\n") && !json.Valid([]byte(got.out)) {
					t.Errorf("%s, %s: not JSON: %s", mode, name, got.out)
				}
				if form == "csv" && args[0] != "__complete" {
					wantNoFormula(t, name, got.out)
				}
			}
		}
	}
}

// jobCommands returns the commands that print text of jobs from a server.
func jobCommands() map[string][]string {
	return map[string][]string{
		"jobs list": {"jobs", "list"}, "jobs show": {"jobs", "show", "7"}, "jobs sims": {"jobs", "sims", "7"}, "jobs watch": {"jobs", "watch", "7"},
		"jobs pause": {"jobs", "pause", "7"}, "jobs resume": {"jobs", "resume", "7"}, "jobs cancel": {"jobs", "cancel", "7"}, "jobs start": {"jobs", "start", "7", "--yes"},
		"jobs retry": {"jobs", "retry", "7", "--yes"}, "jobs undo": {"jobs", "undo", "7", "--yes", "--on-conflict", "skip"},
		"jobs undo, stop": {"jobs", "undo", "7", "--yes"}, "activate": {"sims", "activate", "--sim-id", "250", "--yes", "--on-conflict", "skip"},
		"suspend": {"sims", "suspend", "--sim-id", "250", "--dry-run"},
	}
}

// wantNoFormula fails on CSV with a cell that a spreadsheet would run.
func wantNoFormula(t *testing.T, what, text string) {
	t.Helper()
	for _, start := range []string{"=2+3"} {
		for _, before := range []string{"\n", ",", `"`} {
			if strings.Contains("\n"+text, before+start) {
				t.Errorf("%s: a cell begins with %s: %q", what, start, text)
			}
		}
	}
}

// Escaped JSON decodes to the original name.
func TestEscapedJSONHasTheSameValue(t *testing.T) {
	got := hostileAPI(t, nil).run(t, "", "devices", "--output", "json")
	var devices []api.Device
	if err := json.Unmarshal([]byte(got.out), &devices); err != nil || len(devices) != 1 || devices[0].Name != hostile {
		t.Errorf("%v: %+v, want %q", err, devices, hostile)
	}
}

func TestNamesInFilesAreEscaped(t *testing.T) {
	f := hostileAPI(t, nil)
	dir := t.TempDir()
	plan := filepath.Join(dir, "tonight.plan")
	if got := f.run(t, "", "migrate", "--to", "200", "--sim-id", "250", "--plan", plan); got.code != 0 {
		t.Fatal(got)
	}
	wantPlain(t, "apply", func() string { got := f.run(t, "", "migrate", "apply", plan, "--yes"); return got.out + got.errors }())
	for name, text := range map[string]string{
		"sims.csv": "iccid\n" + hostile, "free.txt": hostile, "devices.csv": "name\n" + hostile, "world.yaml": "users:\n  - " + hostile, "plan": `{"x":"` + hostile,
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		db := "sqlite:" + filepath.Join(dir, "fleet.db")
		for _, args := range [][]string{
			{"migrate", "--to", "200", "--dry-run", "--file", file}, {"migrate", "apply", file, "--yes"},
			{"sim", "import", file, "--database", db}, {"device", "import", file, "--database", db}, {"seed", file, "--database", db},
		} {
			got := f.run(t, "", args...)
			if got.code == 0 {
				t.Errorf("%v: accepted", args)
			}
			wantPlain(t, strings.Join(args, " "), got.out+got.errors)
		}
	}
}

// No report that is written for a spreadsheet has a formula in it.
func TestReportsContainNoFormulas(t *testing.T) {
	f := hostileAPI(t, nil)
	report := filepath.Join(t.TempDir(), "moved.csv")
	if got := f.run(t, "", "migrate", "--to", "200", "--sim-id", "250", "--yes", "--report", report); got.code != 0 {
		t.Fatal(got)
	}
	text, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(text), "moved") {
		t.Fatalf("%q %v", text, err)
	}
	wantNoFormula(t, "report", string(text))
}

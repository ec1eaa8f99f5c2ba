package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// A run that lost a role on its way is completed once the role is back; a second machine
// says that the run does not exist.
func TestResumeRetriesRefusedSIMs(t *testing.T) {
	f := fakeserver.NewFleet(map[int64]string{100: "Fleet DE", 200: "Fleet FR"})
	sim := func(i int64) fakeserver.SIM {
		return fakeserver.SIM{ID: i, ICCID: fmt.Sprintf("8988303000000%06d", i), Status: 2, Workspace: 100}
	}
	for i := int64(1); i <= 30; i++ {
		f.Add(sim(i))
	}
	b := newBetween(t, fakeserver.Start(t, f, 100, fakeserver.Options{}).URL, "100")
	p := newPerson(t)
	p.login(b.URL, fakeserver.Username)
	b.on(beforeReal, func(n int) {
		if n == 1 {
			f.Remove(7) // as far as the caller can see
		}
	})
	first := p.run("", "migrate", "--to", "200", "--iccid-range", "8988303000000000001..8988303000000000030", "--on-conflict", "skip", "--yes")
	if first.code != 4 || !strings.Contains(first.out, "To try the refused SIMs again when the reason is gone: simferry migrate resume") {
		t.Fatalf("%+v", first)
	}
	named := p.run("", "migrate", "resume")
	if named.code != 0 || !strings.Contains(named.out, "1 SIM was refused") {
		t.Errorf("%+v", named)
	}
	f.Add(sim(7))
	runs, err := os.ReadDir(filepath.Join(p.home, "runs"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("%v %v", runs, err)
	}
	again := p.run("", "migrate", "resume", runs[0].Name())
	if moved, _ := f.SIM(7); again.code != 0 || moved.Workspace != 200 || !strings.Contains(again.out, "30  moved") {
		t.Errorf("%+v", again)
	}
	other := newPerson(t)
	other.login(b.URL, fakeserver.Username)
	if got := other.run("", "migrate", "resume", runs[0].Name()); got.code != 1 || !strings.Contains(got.errors, "on this machine") {
		t.Errorf("%+v", got)
	}
	if got := other.run("", "migrate", "resume"); got.code != 1 || !strings.Contains(got.errors, "there are no runs in") {
		t.Errorf("another machine: %+v", got)
	}
	prune(t, p, runs[0].Name())
}

// prune deletes the files of the run, which is complete.
func prune(t *testing.T, p *person, id string) {
	t.Helper()
	dir := filepath.Join(p.home, "runs", id)
	for _, step := range []struct {
		args string
		want string
		kept bool
	}{
		{"", "0 runs deleted, 1 kept", true},
		{"--days 0 --dry-run", "1 run would be deleted, 0 kept", true},
		{"--days 0", "1 run deleted, 0 kept", false},
	} {
		got := p.run("", append([]string{"migrate", "runs", "prune"}, strings.Fields(step.args)...)...)
		if _, err := os.Stat(dir); got.code != 0 || !strings.Contains(got.errors, step.want) || (err == nil) != step.kept {
			t.Errorf("prune %s: %+v, %v", step.args, got, err)
		}
	}
}

// A run that is not complete stays, unless it is asked for.
func TestPruneKeepsUnfinishedRuns(t *testing.T) {
	f := fakeserver.NewFleet(map[int64]string{100: "Fleet DE", 200: "Fleet FR"})
	f.Add(fakeserver.SIM{ID: 1, ICCID: "8988303000000000001", Status: 2, Workspace: 100})
	p := newPerson(t)
	p.login(fakeserver.Start(t, f, 100, fakeserver.Options{End: 1}).URL, fakeserver.Username)
	if got := p.run("", "migrate", "--to", "200", "--sim-id", "1", "--yes"); got.code != 1 {
		t.Fatalf("%+v", got)
	}
	for args, want := range map[string]string{"--days 0 --dry-run": "0 runs would", "--days 0 --unfinished --dry-run": "1 run would"} {
		if got := p.run("", append([]string{"migrate", "runs", "prune"}, strings.Fields(args)...)...); !strings.Contains(got.errors, want) {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

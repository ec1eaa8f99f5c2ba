package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

func bareScreen() (*screen, *bytes.Buffer, *bytes.Buffer) {
	var out, notes bytes.Buffer
	form := asTable
	return newScreen(Process{Stdout: &out, Stderr: &notes, LookupEnv: func(string) (string, bool) { return "", false }}, &form), &out, &notes
}

// Without a terminal a wait is printed once, until a request has succeeded again.
func TestWaitIsReportedOnce(t *testing.T) {
	s, _, notes := bareScreen()
	for range 5 {
		s.waiting(3*time.Second, "the server returned 429: slow down")
	}
	if want := "the server returned 429: slow down; trying again in 3s\n"; notes.String() != want {
		t.Errorf("%q", notes.String())
	}
	s.progress("moving", 10, 100)
	s.waiting(300*time.Millisecond, "the server returned 429: slow down")
	if strings.Count(notes.String(), "429") != 2 || !strings.Contains(notes.String(), "in 1s") {
		t.Errorf("%q", notes.String())
	}
}

// The screens before and after a run say what suspension means, and only if there is any.
func TestSuspendedSIMsAreOffline(t *testing.T) {
	for status, offline := range map[int64]bool{client.SIMActivated: true, client.SIMSuspended: false, client.SIMIssued: false} {
		s, out, _ := bareScreen()
		sim := bulk.SIM{ID: 1, ICCID: "8988303000000000001", Status: api.Ref{ID: status}, Source: api.NamedRef{ID: 100, Name: "Fleet DE"}}
		plan := &bulk.Plan{Terms: bulk.Terms{Target: api.NamedRef{ID: 200, Name: "Fleet FR"}}, Chunks: []bulk.Chunk{{By: bulk.ByID, SIMs: []bulk.SIM{sim}}}}
		s.printPlan(plan, stop, "in 1 request")
		s.printResult(report{Target: plan.Terms.Target, Tally: bulk.Tally{Moved: 1}, SIMs: []bulk.Verdict{{SIM: sim, Outcome: bulk.Moved}}}, "", "r.csv", 0)
		before := "1 SIM is Suspended by the move: offline until activated in Fleet FR."
		after := "1 of them was Activated and is now Suspended: offline until it is activated in Fleet FR."
		if strings.Contains(out.String(), before) != offline || strings.Contains(out.String(), after) != offline {
			t.Errorf("status %d:\n%s", status, out)
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Error("colours without a terminal")
		}
	}
}

// A resumed run counts its rate from what it has moved itself.
func TestResumedProgress(t *testing.T) {
	s, _, _ := bareScreen()
	s.before, s.todo = 900, 100
	s.bar, s.bars = s.newBar("moving", s.todo), true
	s.moveProgress(950, false)
	if got := s.bar.State(); got.CurrentNum != 50 || got.Max != 100 {
		t.Errorf("%+v", got)
	}
}

// Every build says which version and commit it is.
func TestVersionLine(t *testing.T) {
	if !regexp.MustCompile(`^simferry \S+ \(commit \S+(, changed since)?, go\S+, \w+/\w+\)$`).MatchString(versionLine()) {
		t.Error(versionLine())
	}
	release, commit = "v1.2.3", "0123456789abcdef0123"
	defer func() { release, commit = "", "" }()
	if got := versionLine(); !strings.HasPrefix(got, "simferry v1.2.3 (commit 0123456789ab, ") {
		t.Error(got)
	}
}

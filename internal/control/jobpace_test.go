package control_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

// Steps of a job are short only while other writers wait for them.
func TestStepsAreShortWhileOthersWait(t *testing.T) {
	for _, c := range []struct {
		name         string
		took, before time.Duration
		waiting      bool
		plans, moves int
	}{
		{"no other writer", time.Second, 0, false, 2500, 500},
		{"fast steps", 10 * time.Microsecond, 0, true, 2500, 500},
		{"slow steps", 7 * time.Millisecond, 0, true, 100, 50},
		{"very slow steps", time.Hour, 0, true, 50, 50},
		{"others waited earlier", 7 * time.Millisecond, 2 * time.Second, true, 2500, 500},
	} {
		plans, moves := control.PacedSteps(c.took, c.before, c.waiting)
		if plans != c.plans || moves != c.moves {
			t.Errorf("%s: a step plans %d SIMs and moves %d, want %d and %d", c.name, plans, moves, c.plans, c.moves)
		}
	}
}

// A server rests between the steps of a job only while other writers wait for them.
func TestJobsRestWhileOthersWait(t *testing.T) {
	for _, c := range []struct {
		name               string
		took, before, want time.Duration
		waiting            bool
	}{
		{"no other writer", 7 * time.Millisecond, 0, 0, false},
		{"others wait", 7 * time.Millisecond, 0, 7 * time.Millisecond, true},
		{"a long step", time.Minute, time.Second, 50 * time.Millisecond, true},
		{"others waited earlier", 7 * time.Millisecond, 2 * time.Second, 0, true},
	} {
		if got := control.RestOf(c.took, c.before, c.waiting); got != c.want {
			t.Errorf("%s: it rests %v, want %v", c.name, got, c.want)
		}
	}
}

// Every kind of selection is planned to its end, and moved, in short steps.
func TestShortStepsMissNoSIM(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	s.Control.ShortSteps()
	const sims, first = 170, 60000
	var rows, ids, iccids strings.Builder
	rows.WriteString("id,iccid,workspace\n")
	for id := first; id < first+sims; id++ {
		fmt.Fprintf(&rows, "%d,89883030000%08d,100\n", id, id)
		fmt.Fprintf(&ids, `,{"id": %d}`, id)
		fmt.Fprintf(&iccids, `,"89883030000%08d"`, id)
	}
	if _, err := s.Import(rows.String()); err != nil {
		t.Fatal(err)
	}
	admin := s.As("admin@example.com")
	move := func(target int, selection string) {
		t.Helper()
		body := fmt.Sprintf(`{"target_workspace": {"id": %d}, "select": %s, "dry_run": false}`, target, selection)
		path := admin.Post("/api/v1/migration_job", body).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		if got := string(admin.Get(path).Is(http.StatusOK).Body); !strings.Contains(got, fmt.Sprintf(`{"verdict":"done","count":%d}`, sims)) {
			t.Errorf("%s: %s", selection, got)
		}
	}
	move(300, `{"sims": [`+ids.String()[1:]+`]}`)
	move(100, `{"iccids": [`+iccids.String()[1:]+`]}`)
	move(300, fmt.Sprintf(`{"iccid_ranges": [{"start": "89883030000%08d", "end": "89883030000%08d"}]}`, first, first+sims-1))
	move(100, `{"filter": {"workspace": {"id": 300}, "q": "iccid:8988303000000060"}}`)
}

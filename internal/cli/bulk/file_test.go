package bulk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/cli/bulk"
)

func TestPlanFile(t *testing.T) {
	s := &server{fleet: newFleet(), tags: true}
	asked := append(many(s.fleet, 1, 3, north), bulk.SIM{ICCID: iccid(99)})
	p := planned(t, s, terms, asked...)
	file := filepath.Join(t.TempDir(), "tonight.plan")
	if err := bulk.SavePlan(file, p); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	again, err := bulk.LoadPlan(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Error(diff)
	}
}

func TestInvalidPlanFiles(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"something else":  "iccid\n898",
		"unknown field":   `{"version": 1, "chunk": []}`,
		"another version": `{"version": 2}`,
		"no id":           `{"version": 1, "chunks": [{"by": "sims", "sims": [{"iccid": "1"}]}]}`,
		"twice":           `{"version": 1, "chunks": [{"by": "sims", "sims": [{"id": 1}]}, {"by": "sims", "sims": [{"id": 1}]}]}`,
		"empty chunk":     `{"version": 1, "chunks": [{"by": "sims", "sims": []}]}`,
		"by what":         `{"version": 1, "chunks": [{"by": "imsi", "sims": [{"id": 1}]}]}`,
	} {
		file := filepath.Join(t.TempDir(), "p")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bulk.LoadPlan(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A line cut off by a crash was never acknowledged. A wrong line between others means a damaged
// file, and nothing is guessed from it.
func TestJournalFile(t *testing.T) {
	s := &server{fleet: newFleet()}
	p := planned(t, s, terms, many(s.fleet, 1, 700, north)...)
	file := filepath.Join(t.TempDir(), "journal")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const sent, arrived = `{"step":"sent","chunk":0}` + "\n", `{"step":"moved","chunk":0}` + "\n"
	write(sent + arrived + `{"step":"sent","chu`)
	state := bulk.NewState(p)
	j, err := bulk.OpenJournal(file, state)
	if err != nil {
		t.Fatal(err)
	}
	if got := state.Tally(); got.Moved != 500 || got.NotMoved != 200 {
		t.Errorf("%+v", got)
	}
	if err := j.Append(bulk.Entry{Step: bulk.StepSent, Chunk: 1}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	state = bulk.NewState(p)
	if err := bulk.ReadJournal(file, state); err != nil || state.Tally().Unknown != 200 || state.ExitCode() != bulk.ExitPartly {
		t.Errorf("%+v %v", state.Tally(), err)
	}
	for name, text := range map[string]string{
		"no JSON":       sent + "garbage\n" + arrived,
		"no such chunk": `{"step":"sent","chunk":2}` + "\n",
		"no such step":  `{"step":"left","chunk":0}` + "\n",
		"after the end": sent + arrived + sent,
	} {
		write(text)
		if _, err := bulk.OpenJournal(file, bulk.NewState(p)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		tally   bulk.Tally
		against bool
		want    int
	}{
		{bulk.Tally{Moved: 3}, false, bulk.ExitDone},
		{bulk.Tally{Moved: 3, AlreadyThere: 2}, false, bulk.ExitDone},
		{bulk.Tally{AlreadyThere: 2}, false, bulk.ExitDone},
		{bulk.Tally{}, true, bulk.ExitRefused},
		{bulk.Tally{Refused: 1}, false, bulk.ExitRefused},
		{bulk.Tally{Refused: 1, NotMoved: 5}, false, bulk.ExitRefused},
		{bulk.Tally{Refused: 1, AlreadyThere: 5}, false, bulk.ExitRefused},
		{bulk.Tally{NotMoved: 5}, false, bulk.ExitError},
		{bulk.Tally{Unknown: 5}, false, bulk.ExitError},
		{bulk.Tally{Unknown: 5, Refused: 1}, false, bulk.ExitError},
		{bulk.Tally{Moved: 1, Unknown: 5}, false, bulk.ExitPartly},
		{bulk.Tally{Moved: 1, Refused: 1}, false, bulk.ExitPartly},
		{bulk.Tally{Moved: 1, NotMoved: 1}, false, bulk.ExitPartly},
	} {
		if got := tt.tally.ExitCode(tt.against); got != tt.want {
			t.Errorf("%+v: %d, want %d", tt.tally, got, tt.want)
		}
	}
}

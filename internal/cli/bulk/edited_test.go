package bulk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// edits are changes to the SIMs of a plan file, by mistake or on purpose. SIM 9 is not in the
// plan.
var edits = map[string]struct {
	edit    func(sims []bulk.SIM)
	blocked []int64 // must not move
	tags    bool    // noticed by the entity tag only
}{
	"another id":                {func(s []bulk.SIM) { s[1].ID = 9 }, []int64{9}, false},
	"another ICCID":             {func(s []bulk.SIM) { s[1].ICCID = iccid(9) }, []int64{2}, false},
	"ids exchanged":             {func(s []bulk.SIM) { s[0].ID, s[1].ID = s[1].ID, s[0].ID }, []int64{1, 2}, false},
	"another SIM":               {func(s []bulk.SIM) { s[1].ID, s[1].ICCID = 9, iccid(9) }, []int64{1, 9, 3}, true},
	"an id that does not exist": {func(s []bulk.SIM) { s[1].ID = 99 }, []int64{99}, false},
	"an ICCID that is nowhere":  {func(s []bulk.SIM) { s[1].ICCID = iccid(99) }, []int64{2}, false},
}

// A plan whose ids, ICCIDs and entity tags do not belong together moves none of the affected
// SIMs.
func TestConfirmDetectsEdits(t *testing.T) {
	for name, tt := range edits {
		for _, by := range []bulk.By{bulk.ByID, bulk.ByICCID} {
			for _, tags := range []bool{true, false} {
				if tt.tags && !tags {
					continue
				}
				s := &server{fleet: newFleet(), tags: tags}
				asked := many(s.fleet, 1, 3, north)
				s.fleet.Add(fakeserver.SIM{ID: 9, ICCID: iccid(9), Status: 1, Workspace: north})
				for i := range asked {
					if by == bulk.ByID {
						asked[i] = bulk.SIM{ID: int64(i + 1)}
					}
				}
				plan := planned(t, s, terms, asked...)
				if plan.Chunks[0].By != by {
					t.Fatal(plan.Chunks[0].By)
				}
				plan.Chunks[0].SIMs = slices.Clone(plan.Chunks[0].SIMs)
				tt.edit(plan.Chunks[0].SIMs)
				p := bulk.Planner{Server: s, Throttle: newThrottle(), Terms: terms}
				now, err := p.Confirm(t.Context(), plan)
				if err != nil {
					t.Fatal(err)
				}
				var blocked []int64
				for _, h := range now.Blocked {
					blocked = append(blocked, h.ID)
				}
				slices.Sort(blocked)
				want := slices.Sorted(slices.Values(tt.blocked))
				if !slices.Equal(blocked, want) || now.Count()+len(blocked) != 3 {
					t.Errorf("%s, %s, tags %v: blocked %v, want %v; %d move", name, by, tags, blocked, want, now.Count())
				}
			}
		}
	}
}

// A plan file that was edited in any way is refused when it is read.
func TestEditedPlanFile(t *testing.T) {
	s := &server{fleet: newFleet(), tags: true}
	plan := planned(t, s, terms, many(s.fleet, 1, 3, north)...)
	file := filepath.Join(t.TempDir(), "tonight.plan")
	if err := bulk.SavePlan(file, plan); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for old, edited := range map[string]string{
		`"id": 2,`: `"id": 9,`, iccid(2): iccid(9), `"detach_devices": false`: `"detach_devices": true`, `"by": "iccids"`: `"by": "sims"`,
	} {
		changed := bytes.Replace(text, []byte(old), []byte(edited), 1)
		if bytes.Equal(changed, text) {
			t.Errorf("%s is not in the plan", old)
		}
		if err := os.WriteFile(file, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bulk.LoadPlan(file); err == nil || !strings.Contains(err.Error(), "was edited") {
			t.Errorf("%s: %v", edited, err)
		}
	}
}

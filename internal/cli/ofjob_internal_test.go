package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
)

// --job selects SIMs, alone or beside others, and --except and the like leave SIMs out.
func TestSIMsOfJob(t *testing.T) {
	const one, two = "8988303000000001000", "8988303000000001001"
	file := filepath.Join(t.TempDir(), "stay.csv")
	if err := os.WriteFile(file, []byte("iccid\n"+one+"\n"+two+"\n"+one+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		of       ofJob
		selected selection
		want     string // the selection, or a part of the message
	}{
		{"a job", ofJob{job: 12}, selection{}, `{"done_by":{"id":12}}`},
		{"a job without a SIM", ofJob{job: 12, except: []int64{251}}, selection{}, `{"done_by":{"id":12},"except":[{"id":251}]}`},
		{"a SIM left out", ofJob{except: []int64{251}}, selection{ids: []int64{250}}, `{"except":[{"id":251}]}`},
		{"nothing", ofJob{}, selection{}, "--iccid, --iccid-range"},
		{"only exceptions", ofJob{except: []int64{251}}, selection{}, "there are no SIMs"},
		{"no job", ofJob{job: -1}, selection{}, "--job: -1 is not the id of a job"},
		{"no SIM", ofJob{job: 12, except: []int64{0}}, selection{}, "--except-sim-id: 0 is not the id of a SIM"},
		{"an ICCID left out", ofJob{left: selection{iccids: []string{one}}}, selection{ids: []int64{250}}, `{"except_iccids":["` + one + `"]}`},
		{
			"a range left out", ofJob{left: selection{ranges: []string{one + ".." + two}}}, selection{ids: []int64{250}},
			`{"except_iccid_ranges":[{"start":"` + one + `","end":"` + two + `"}]}`,
		},
		{"a file left out", ofJob{job: 12, left: selection{files: []string{file}}}, selection{}, `{"done_by":{"id":12},"except_iccids":["` + one + `","` + two + `"]}`},
		{"no ICCID", ofJob{job: 12, left: selection{iccids: []string{"12"}}}, selection{}, "--except"},
		{"no range", ofJob{job: 12, left: selection{ranges: []string{two + ".." + one}}}, selection{}, "--except-range"},
		{"no file", ofJob{job: 12, left: selection{files: []string{file + ".missing"}}}, selection{}, "stay.csv.missing"},
		{"too many", ofJob{job: 12, except: make([]int64, 501)}, selection{}, "--except-sim-id"},
		{"a Workspace without a filter", ofJob{job: 12}, selection{from: "Fleet FR"}, "--filter"},
	} {
		got := ""
		if err := c.of.check(Process{}, &c.selected); err != nil {
			got = err.Error()
		} else if text, err := json.Marshal(c.of.add(&api.JobSelect{})); err != nil {
			t.Fatal(err)
		} else {
			got = string(text)
		}
		if isJSON := strings.HasPrefix(c.want, "{"); isJSON && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s (-want +got):\n%s", c.name, cmp.Diff(c.want, got))
		}
	}
}

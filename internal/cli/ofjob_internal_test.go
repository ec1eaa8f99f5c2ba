package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
)

// --job selects SIMs, alone or beside others, and --except-sim-id leaves SIMs out.
func TestSIMsOfJob(t *testing.T) {
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
		{"too many", ofJob{job: 12, except: make([]int64, 501)}, selection{}, "--except-sim-id"},
		{"a Workspace without a filter", ofJob{job: 12}, selection{from: "Fleet FR"}, "--filter"},
	} {
		got := ""
		if err := c.of.check(&c.selected); err != nil {
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

package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// tally is the work of a run: without enough of it a green run proves nothing.
type tally struct {
	checks, actions int
	answers         map[string]map[int]int
	reached         map[string]int // what is worth coming to
}

// landmarkActions is from how many actions on a run must have come to every landmark. The
// rarest comes three times in a thousand: to miss it takes more bad luck than one in a
// million.
const landmarkActions = 5000

// landmarks are what such a run must have come to.
var landmarks = []string{
	"1502", "1503", "1504", "1505", "1506", "1507", "1508", "1509", "500 SIMs moved", "replayed", "drift", "locked out", "detached", "assigned", "released", "given away", "deleted",
}

func (n *tally) reach(landmark string) {
	if n.reached == nil {
		n.reached = map[string]int{}
	}
	n.reached[landmark]++
}

// look finds landmarks in an answer; realRun tells that the request was no dry run.
func (n *tally) look(a answer, realRun bool) {
	if a.header.Get("Idempotent-Replayed") != "" {
		n.reach("replayed")
	}
	if a.status == http.StatusUnauthorized && a.header.Get("Retry-After") != "" {
		n.reach("locked out")
	}
	var got struct {
		SIMs   []object `json:"sims"`
		Errors []struct {
			Code int `json:"error_code"`
		} `json:"errors"`
	}
	_ = json.Unmarshal(a.body, &got) // of another shape: no landmark
	switch {
	case a.status == http.StatusConflict:
		for _, e := range got.Errors {
			n.reach(strconv.Itoa(e.Code))
		}
	case a.status == http.StatusPreconditionFailed && len(got.SIMs) > 0:
		n.reach("drift")
	case a.status == http.StatusOK && realRun:
		if len(got.SIMs) == 500 {
			n.reach("500 SIMs moved")
		}
		if bytes.Contains(a.body, []byte(`"endpoint"`)) {
			n.reach("detached")
		}
	}
}

func (n *tally) count(operation string, status int) {
	n.actions++
	if n.answers == nil {
		n.answers = map[string]map[int]int{}
	}
	if n.answers[operation] == nil {
		n.answers[operation] = map[int]int{}
	}
	n.answers[operation][status]++
}

func (n *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d checks, %d actions", n.checks, n.actions)
	for _, op := range slices.Sorted(maps.Keys(n.answers)) {
		fmt.Fprintf(&b, "\n  %-20s", op)
		for _, status := range slices.Sorted(maps.Keys(n.answers[op])) {
			fmt.Fprintf(&b, " %d:%d", status, n.answers[op][status])
		}
	}
	fmt.Fprintf(&b, "\n  reached %v", n.reached)
	return b.String()
}

// enough makes a run void that did too little of what matters.
func (n *tally) enough(t *testing.T) {
	t.Helper()
	moved, all := 0, 0
	for _, op := range []string{"migrate", "migrate many", "migrate again", "run a preview"} {
		for status, times := range n.answers[op] {
			if all += times; status == http.StatusOK {
				moved += times
			}
		}
	}
	if moved*10 < all {
		t.Errorf("void: only %d of %d migrations were answered with 200", moved, all)
	}
	for _, l := range landmarks {
		if n.actions >= landmarkActions && n.reached[l] == 0 {
			t.Errorf("void: %q was never reached in %d actions", l, n.actions)
		}
	}
}

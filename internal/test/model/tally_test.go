package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/internal/test/contract"
)

// tally is the work of a run: without enough of it a green run proves nothing.
type tally struct {
	checks, actions int
	answers         map[string]map[int]int
	reached         map[string]int  // which parts of the model the draws should reach
	drawn           map[string]bool // operations of the document, as patterns
}

// landmarkActions is from how many actions on a run must have come to every landmark. The
// rarest comes three times in a thousand: to miss it takes more bad luck than one in a
// million.
const landmarkActions = 5000

// landmarks are the states that such a run must have reached.
var landmarks = []string{
	"1502", "1503", "1504", "1505", "1506", "1507", "1508", "1509", "500 SIMs moved", "replayed", "drift", "locked out", "detached", "assigned", "released", "given away", "deleted",
	"offer made", "offer accepted", "offer refused", "offer cancelled_by_giver", "offer expired", "1513", "1515", "1519",
	"job approved",
	"job completed", "job completed_with_refusals", "job refused", "job expired", "job cancelled",
}

func (n *tally) reach(landmark string) {
	if n.reached == nil {
		n.reached = map[string]int{}
	}
	n.reached[landmark]++
}

// look finds landmarks in a response; realRun says that the request was not a dry run.
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

// leftOut are the operations that the model does not draw, and why.
var leftOut = map[string]string{
	"GET /healthz":                                 infrastructure,
	"GET /readyz":                                  infrastructure,
	"GET /openapi.yaml":                            infrastructure,
	"GET /openapi.json":                            infrastructure,
	"GET /.well-known/jwks.json":                   infrastructure,
	"GET /docs":                                    infrastructure,
	"GET /docs/{}":                                 infrastructure,
	"GET /api/v1/user/mfa/status":                  constant,
	"GET /api/v1/user/mfa/type":                    constant,
	"GET /api/v1/organisation/my":                  "a row that nothing here changes; its filters and rights have contract tests",
	"GET /api/v1/organisation/my/setting":          "TestContract_WorkspaceSettings and TestContract_ReasonRequired check the setting",
	"PATCH /api/v1/organisation/my/setting":        "see GET",
	"GET /api/v1/audit":                            "the tables are compared instead: both engines must have the same audit rows",
	"GET /api/v1/migration_request":                asking,
	"POST /api/v1/migration_request":               asking,
	"GET /api/v1/migration_request/{}":             asking,
	"POST /api/v1/migration_request/{}/withdraw":   asking,
	"GET /api/v1/migration_inquiry":                asking,
	"GET /api/v1/migration_inquiry/{}":             asking,
	"POST /api/v1/migration_inquiry/{}/decline":    asking,
	"POST /api/v1/migration_inquiry/{}/offer":      asking,
	"GET /api/v1/sim_batch/bic/{}":                 batch,
	"PATCH /api/v1/sim_batch/bic/{}":               batch,
	"POST /api/v1/authenticate/device":             secrets,
	"PATCH /api/v1/user/password":                  secrets,
	"POST /api/v1/user/mfa":                        secrets,
	"PATCH /api/v1/user/mfa/{}":                    secrets,
	"GET /api/v1/user/{}/mfa":                      secrets,
	"DELETE /api/v1/user/{}/mfa/{}":                secrets,
	"GET /api/v1/user/{}/mfa/trusted_device":       secrets,
	"GET /api/v1/user/mfa/trusted_device":          secrets,
	"DELETE /api/v1/user/{}/mfa/trusted_device/{}": secrets,
	"GET /api/v1/application_token":                secrets,
	"POST /api/v1/application_token":               secrets,
	"PATCH /api/v1/application_token/{}":           secrets,
	"POST /api/v2/user/activation":                 secrets,
	"POST /api/v1/user/activation":                 secrets,
	"POST /api/v1/user/password/reset":             secrets,
	"POST /api/v2/user/invitation":                 secrets,
	"POST /api/v1/user":                            secrets,
	"GET /api/v1/user":                             people,
	"GET /api/v1/user/{}":                          people,
	"PATCH /api/v1/user/{}":                        people,
	"DELETE /api/v1/user/{}":                       people,
	"GET /api/v1/sim/{}/history":                   history,
	"GET /api/v1/user/{}/role/permission":          people,
	"PUT /api/v1/user/{}/role/{}":                  people,
	"DELETE /api/v1/user/{}/role/{}":               people,
	"GET /api/v2/user/{}/workspace":                people,
	"PATCH /api/v2/user/{}/workspace/{}":           people,
	"DELETE /api/v2/user/{}/workspace/{}":          people,
	"PUT /api/v2/user/{}/workspace/{}/role/{}":     people,
	"DELETE /api/v2/user/{}/workspace/{}/role/{}":  people,
	"PUT /api/v2/user/{}/default_organisation/{}":  people,
}

// The reasons. Operations that are left out have contract tests on both engines.
const (
	infrastructure = "it has no state of the model"
	constant       = "a constant list of the secrets below"
	history        = "fleet.Stays derives it from ledger lines that the model compares"
	asking         = "the offers that it leads to are drawn, with a receiving code; TestContract_RequestsShowNothing and its neighbours check the rest"
	batch          = "the world of the model has no codes of batches"
	secrets        = "its answer or its request holds what only one server can make: codes, keys, tokens"
	people         = "users and members change behind the servers' backs here, by the operator's rules"
)

// draw counts a request for its operation in the document.
func (n *tally) draw(r request) {
	path, _, _ := strings.Cut(r.path, "?")
	req := &http.Request{Method: r.method, URL: &url.URL{Path: path}}
	if _, pattern := documented().Handler(req); pattern != "" {
		if n.drawn == nil {
			n.drawn = map[string]bool{}
		}
		n.drawn[contract.Shape(pattern)] = true
	}
}

// documented finds the operation of the document that a request is.
var documented = sync.OnceValue(func() *http.ServeMux {
	mux := http.NewServeMux()
	for _, o := range contract.Operations() {
		mux.Handle(o.Method+" "+o.Path, http.NotFoundHandler())
	}
	return mux
})

// unaccounted returns the operations that were neither drawn nor left out, or both.
func (n *tally) unaccounted() (faults []string) {
	known := map[string]bool{}
	for _, o := range contract.Operations() {
		pattern := o.Pattern()
		known[pattern] = true
		switch drawn, out := n.drawn[pattern], leftOut[pattern] != ""; {
		case !drawn && !out:
			faults = append(faults, pattern+" was never drawn: add an action, or a reason to leftOut")
		case drawn && out:
			faults = append(faults, pattern+" was drawn: remove it from leftOut")
		}
	}
	for pattern := range leftOut {
		if !known[pattern] {
			faults = append(faults, pattern+" is not an operation: remove it from leftOut")
		}
	}
	return faults
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
	if n.actions >= landmarkActions {
		for _, fault := range n.unaccounted() {
			t.Errorf("void: %s", fault)
		}
	}
	for _, l := range landmarks {
		if n.actions >= landmarkActions && n.reached[l] == 0 {
			t.Errorf("void: %q was never reached in %d actions", l, n.actions)
		}
	}
}

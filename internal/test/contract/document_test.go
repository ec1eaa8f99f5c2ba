package contract_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/contract"
)

func TestOperationsAreListed(t *testing.T) {
	want := map[string]string{
		"authenticate": "POST /api/v1/authenticate", "getSim": "GET /api/v1/sim/{}", "updateSim": "PATCH /api/v1/sim/{}",
		"migrateSims": "POST /api/v1/sim/migration/workspace", "getMigration": "GET /api/v1/migration/{}",
		"getSigningKeys": "GET /.well-known/jwks.json", "listUserWorkspaces": "GET /api/v2/user/{}/workspace",
	}
	seen := make(map[string]bool)
	for _, o := range contract.Operations() {
		if seen[o.ID] {
			t.Errorf("the operationId %s occurs twice", o.ID)
		}
		seen[o.ID] = true
		if p, ok := want[o.ID]; ok && o.Pattern() != p {
			t.Errorf("%s: got %s, want %s", o.ID, o.Pattern(), p)
		}
		delete(want, o.ID)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func TestShape(t *testing.T) {
	for in, want := range map[string]string{
		"GET /api/v1/sim/{id}":           "GET /api/v1/sim/{}",
		"GET /api/v1/sim/{sim_id}/event": "GET /api/v1/sim/{}/event",
		"GET /healthz":                   "GET /healthz",
	} {
		if got := contract.Shape(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func seenOf(c contract.Coverage, operation, status string) int {
	for _, r := range c {
		if r.Operation == operation && r.Status == status {
			return r.Seen
		}
	}
	return -1
}

func TestCoverageIsPrinted(t *testing.T) {
	j := contract.New(t)
	rt := j.RoundTripper(get("/healthz", 200, `{"status":"ok"}`))
	for range 3 {
		resp, err := rt.RoundTrip(get("/healthz", 0, "").request(t))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	var b strings.Builder
	if _, err := j.Coverage().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "contract coverage: 1 of") || !strings.Contains(b.String(), "200:3 500:-") {
		t.Errorf("got\n%s", b.String())
	}
	if got, want := len(j.Coverage().Unseen()), len(j.Coverage())-1; got != want {
		t.Errorf("%d pairs are unseen, want %d", got, want)
	}
}

package api_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
)

func strictly(data string, v any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(data)))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func TestMigrationRequestDistinguishesAbsentAndNull(t *testing.T) {
	var got api.MigrationRequest
	err := strictly(`{"target_workspace":{"id":200.0},"sims":null,"iccids":[],"dry_run":false}`, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := api.MigrationRequest{
		TargetWorkspace: api.Some(api.RefTo(200)),
		SIMs:            api.Null[[]api.IDRef](),
		ICCIDs:          api.Some([]string{}),
		DryRun:          api.Some(false),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got.SIMs.Set || got.ICCIDRange.Set {
		t.Error("sims was null and iccid_range absent; the two must be told apart")
	}
}

func TestListedReferencesAreAccepted(t *testing.T) {
	var got api.MigrationRequest
	body := `{"target_workspace":{"id":200,"name":"Fleet BR","country":{"id":76}},"sims":[{"id":250,"iccid":"8988303000000000129","status":{"id":1}}]}`
	if err := strictly(body, &got); err != nil {
		t.Fatal(err)
	}
	if sims, ok := got.SIMs.Get(); !ok || len(sims) != 1 || *sims[0].ID != 250 {
		t.Errorf("got %+v", got.SIMs)
	}
}

func TestRequestsRefuse(t *testing.T) {
	for _, body := range []string{
		`{"dry_run":"false"}`, `{"dry_run":0}`, `{"sims":{"id":1}}`, `{"sims":[{"id":"250"}]}`, `{"sims":[{"id":250.5}]}`,
		`{"iccids":[8988303000000000129]}`, `{"iccid_range":"x"}`, `{"allowed_sim_status":[{"id":1}]}`,
	} {
		var r api.MigrationRequest
		if err := strictly(body, &r); err == nil {
			t.Errorf("%s was read as %+v", body, r)
		}
	}
}

func TestAbsentPropertiesAreOmitted(t *testing.T) {
	r := api.MigrationRequest{
		TargetWorkspace: api.Some(api.RefTo(200)),
		ICCIDRange:      api.Some(api.ICCIDRange{Start: "8988303000000000100", End: "8988303000000000129"}),
		DryRun:          api.Some(false),
	}
	want := `{"target_workspace":{"id":200},"iccid_range":{"start":"8988303000000000100","end":"8988303000000000129"},"dry_run":false}`
	if got := marshal(t, r); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSIMPatchAcceptsAListedSIM(t *testing.T) {
	sim := api.SIM{ID: 250, ICCID: "8988303000000000129", Status: api.Ref{ID: 2, Description: "Suspended"}, Endpoint: &api.NamedRef{ID: 9001, Name: "tracker-7"}}
	var patch api.SIMPatch
	if err := strictly(marshal(t, sim), &patch); err != nil {
		t.Fatal(err)
	}
	if ref, ok := patch.Status.Get(); !ok || *ref.ID != 2 {
		t.Errorf("got status %+v", patch.Status)
	}
	if patch.CustomerOrg.Set {
		t.Error("customer_org was absent")
	}
}

func TestSIMPatchDistinguishesNullAndAbsent(t *testing.T) {
	var patch api.SIMPatch
	if err := strictly(`{"customer_org":null}`, &patch); err != nil {
		t.Fatal(err)
	}
	if !patch.CustomerOrg.Null || patch.IssuerOrg.Set {
		t.Errorf("got %+v", patch)
	}
	if got := marshal(t, patch); got != `{"customer_org":null}` {
		t.Errorf("it is written back as %s", got)
	}
}

func TestOptionalOr(t *testing.T) {
	for _, c := range []struct {
		in   api.Optional[bool]
		want bool
	}{{api.Optional[bool]{}, true}, {api.Null[bool](), true}, {api.Some(false), false}} {
		if got := c.in.Or(true); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.in, got, c.want)
		}
	}
}

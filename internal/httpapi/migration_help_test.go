package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// startFerry returns a server with the Ferry data and its Administrator.
func startFerry(t testing.TB, e kit.Engine) (*kit.Server, *kit.Client) {
	t.Helper()
	s := kit.StartFerry(t, e)
	admin := s.As("admin@example.com")
	return s, admin
}

// startWithOwnDatabase calls startFerry with a separate database, whose schema the test may change.
func startWithOwnDatabase(t testing.TB, e kit.Engine) (*kit.Server, *kit.Client) {
	t.Helper()
	s := kit.StartFerry(t, e)
	admin := s.As("admin@example.com")
	return s, admin
}

// migrationTo returns a request to move SIMs by id: a dry run unless changed by ran.
func migrationTo(target int64, ids ...int64) object {
	refs := make([]object, len(ids))
	for i, id := range ids {
		refs[i] = object{"id": id}
	}
	return object{"target_workspace": object{"id": target}, "sims": refs}
}

func migrationOfICCIDs(target int64, iccids ...string) object {
	return object{"target_workspace": object{"id": target}, "iccids": iccids}
}

func migrationOfRange(target int64, start, end string) object {
	return object{"target_workspace": object{"id": target}, "iccid_range": object{"start": start, "end": end}}
}

// withProperty returns the request with one more property.
func withProperty(o object, name string, value any) object {
	more := maps.Clone(o)
	more[name] = value
	return more
}

func realRun(o object) object { return withProperty(o, "dry_run", false) }

// withDetach takes SIMs out of their devices.
func withDetach(o object) object { return withProperty(o, "auto_detach_devices", true) }

// decodeBody decodes a response that must have this status and only the properties of T.
func decodeBody[T any](t testing.TB, a *kit.Answer, status int) T {
	t.Helper()
	a.Is(status)
	var v T
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v: %s", a.Request, err, a.Body)
	}
	return v
}

// wantBody compares a whole response with the expected one.
func wantBody[T any](t testing.TB, a *kit.Answer, status int, want T) {
	t.Helper()
	if diff := cmp.Diff(want, decodeBody[T](t, a, status)); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", a.Request, diff)
	}
}

// wantBadRequest checks for a 400 whose message begins like this.
func wantBadRequest(t testing.TB, a *kit.Answer, message string) {
	t.Helper()
	got := decodeBody[api.Error](t, a, http.StatusBadRequest)
	if got.ErrorCode != 1000 || got.ErrorToken != "BadRequest" || !strings.HasPrefix(got.Message, message) {
		t.Errorf("%s: got %+v, want 1000 BadRequest %q", a.Request, got, message)
	}
}

// wantNotFound checks for a 404 that names each of these.
func wantNotFound(t testing.TB, a *kit.Answer, each ...string) {
	t.Helper()
	want := api.Error{ErrorCode: 1201, ErrorToken: "NotFound", Message: each[0]}
	if len(each) > 1 {
		want.Message += fmt.Sprintf(", and %d more of this request not found: see errors", len(each)-1)
	}
	for _, text := range each {
		want.Errors = append(want.Errors, api.Problem{ErrorCode: 1201, ErrorToken: "NotFound", Message: text})
	}
	wantBody(t, a, http.StatusNotFound, want)
}

// The messages of the conflicts, as the contract has them.
var conflictMessages = map[int]string{
	1502: "SIM(s) attached to devices",
	1503: "SIM(s) in disallowed status",
	1504: "No admin access on source workspace",
	1505: "Migration between Brazilian and non-Brazilian workspaces is not allowed",
	1506: "SIM(s) already in the target Workspace",
	1507: "SIMs belong to more than one source Workspace",
	1508: "Target Workspace is not an enterprise Workspace",
	1509: "Target Workspace is suspended",
}

// conflictReason is one reason of a 409 and its SIMs.
type conflictReason struct {
	code int
	sims []int64
}

// wantConflict checks for a 409 with exactly these reasons, in this order.
func wantConflict(t testing.TB, a *kit.Answer, want ...conflictReason) {
	t.Helper()
	got := decodeBody[api.MigrationConflict](t, a, http.StatusConflict)
	expected := api.MigrationConflict{StatusCode: 409, Message: "The SIMs cannot be migrated: " + conflictMessages[want[0].code]}
	for _, w := range want {
		reason := api.ConflictReason{ErrorCode: w.code, Message: conflictMessages[w.code], SIMs: []api.MigrationSIM{}}
		for _, id := range w.sims {
			reason.SIMs = append(reason.SIMs, ferrySIMs[id])
		}
		expected.Errors = append(expected.Errors, reason)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", a.Request, diff)
	}
}

// wantMigration checks for a 200 with exactly these SIMs, in this order.
func wantMigration(t testing.TB, a *kit.Answer, ids ...int64) api.MigrationResponse {
	t.Helper()
	got := decodeBody[api.MigrationResponse](t, a, http.StatusOK)
	want := make([]int64, 0, len(ids))
	there := make([]int64, 0, len(got.SIMs))
	want = append(want, ids...)
	for _, s := range got.SIMs {
		there = append(there, s.ID)
	}
	if diff := cmp.Diff(want, there); diff != "" || got.SIMCount != len(ids) {
		t.Errorf("%s: sim_count %d (-want +got)\n%s", a.Request, got.SIMCount, diff)
	}
	return got
}

// ferrySIMs are SIMs of the Ferry data as in a migration's response, before any move.
var ferrySIMs = map[int64]api.MigrationSIM{
	kit.AttachedSIM:    ferrySIM(kit.AttachedSIM, kit.ICCID(kit.AttachedSIM), 1, kit.FleetDE),
	kit.ActivatedSIM:   ferrySIM(kit.ActivatedSIM, kit.ICCID(kit.ActivatedSIM), 1, kit.FleetDE),
	kit.IssuedSIM:      ferrySIM(kit.IssuedSIM, kit.ICCID(kit.IssuedSIM), 0, kit.FleetDE),
	kit.SuspendedSIM:   ferrySIM(kit.SuspendedSIM, kit.ICCID(kit.SuspendedSIM), 2, kit.FleetDE),
	kit.FactoryTestSIM: ferrySIM(kit.FactoryTestSIM, kit.ICCID(kit.FactoryTestSIM), 4, kit.FleetDE),
	kit.SIMInFR:        ferrySIM(kit.SIMInFR, kit.ICCID(kit.SIMInFR), 1, kit.FleetFR),
	kit.SIMInUS:        ferrySIM(kit.SIMInUS, kit.ICCID(kit.SIMInUS), 0, kit.FleetUS),
	kit.SIMInBR:        ferrySIM(kit.SIMInBR, kit.ICCID(kit.SIMInBR), 0, kit.FleetBR),
}

var workspaceNames = map[int64]string{
	kit.FleetDE: "Fleet DE", kit.FleetFR: "Fleet FR", kit.FleetUS: "Fleet US", kit.FleetBR: "Frota BR", kit.SuspendedFleet: "Shut", kit.Reseller: "Resale", kit.Elsewhere: "Elsewhere",
}

var statusNames = map[int64]string{0: "Issued", 1: "Activated", 2: "Suspended", 3: "Deleted", 4: "Factory Test"}

func ferrySIM(id int64, iccid string, status, in int64) api.MigrationSIM {
	s := api.MigrationSIM{
		ID: id, ICCID: iccid, ICCIDWithLuhn: fleet.ICCID(iccid).WithLuhn(),
		Status: api.Ref{ID: status, Description: statusNames[status]}, SourceWorkspace: workspaceRef(in),
	}
	if id == kit.AttachedSIM {
		s.Endpoint = &api.NamedRef{ID: kit.DeviceWithSIM, Name: "tracker-7"}
	}
	return s
}

func workspaceRef(id int64) api.NamedRef { return api.NamedRef{ID: id, Name: workspaceNames[id]} }

// bodyText returns a request's body.
func bodyText(t testing.TB, o object) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// concurrently sends n requests concurrently.
func concurrently(n int, send func(i int) *kit.Answer) []*kit.Answer {
	answers := make([]*kit.Answer, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			answers[i] = send(i)
		})
	}
	close(start)
	wg.Wait()
	return answers
}

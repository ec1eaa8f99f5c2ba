package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// access is the expected status of one operation for each kind of caller. Administrator, User
// and Observer hold their role in Workspace 100, to which the request belongs; the stranger is
// Administrator of Workspace 900; the leaver signed in to 200 and was taken out of it; the
// application token is of 100. The Administrator of a suspended Workspace counts as a stranger:
// suspension only prevents SIMs from moving in. Callers without a valid bearer have no column:
// always 401, except for public operations. For users who must add a second factor first, see
// enrolling.
type access struct {
	path, body                                                               string // of the request; path "" means the path of the pattern
	administrator, user, observer, stranger, leaver, application, superAdmin int
}

// The shapes that recur.
var (
	public  = access{"", "", 200, 200, 200, 200, 200, 200, 200}
	readers = access{"", "", 200, 200, 200, 200, 403, 200, 200}
	people  = access{"", "", 200, 200, 200, 200, 200, 403, 200}
	keepers = access{"", "", 200, 403, 403, 200, 403, 403, 200} // of tokens
	hidden  = access{"", "", 200, 200, 200, 404, 403, 200, 200} // a resource of 100
)

func (a access) sending(body string) access { a.body = body; return a }
func (a access) at(path string) access      { a.path = path; return a }

// newDevice has the required properties of a device.
const newDevice = `{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}}`

var accesses = map[string]access{
	"GET /healthz":               public,
	"GET /readyz":                public,
	"GET /openapi.yaml":          public,
	"GET /openapi.json":          public,
	"GET /.well-known/jwks.json": public,
	"GET /docs":                  public,
	"GET /docs/{file}":           public.at("/docs/docs.js"),
	"POST /api/v1/authenticate": {
		body:          `{"username": "target@example.com", "password": "` + identity.WireDigest(kit.Password) + `"}`,
		administrator: 200, user: 200, observer: 200, stranger: 200, leaver: 200, application: 200, superAdmin: 200,
	},
	"POST /api/v1/authenticate/device": public,
	"POST /api/v1/authenticate/workspace": {
		body:          fmt.Sprintf(`{"target_organisation": {"id": %d}}`, kit.FleetDE),
		administrator: 200, user: 200, observer: 200, stranger: 401, leaver: 200, application: 401, superAdmin: 200,
	},
	"POST /api/v1/logout": {
		body:          `{"everywhere": false}`,
		administrator: 204, user: 204, observer: 204, stranger: 204, leaver: 204, application: 403, superAdmin: 204,
	},
	"PATCH /api/v1/user/password": {
		body:          `{"old_password": "` + identity.WireDigest(wrong) + `", "new_password": "` + identity.WireDigest("battery staple") + `"}`,
		administrator: 422, user: 422, observer: 422, stranger: 422, leaver: 422, application: 403, superAdmin: 422,
	},
	"POST /api/v1/user/mfa": {
		body:          `{"type": {"id": 0}, "password": "` + identity.WireDigest(kit.Password) + `"}`,
		administrator: 200, user: 200, observer: 200, stranger: 200, leaver: 200, application: 403, superAdmin: 200,
	},
	"PATCH /api/v1/user/mfa/{key_id}":                              {"/api/v1/user/mfa/999", `{"status": {"id": 1}, "code": "000000"}`, 404, 404, 404, 404, 404, 403, 404},
	"GET /api/v1/user/mfa/status":                                  people,
	"GET /api/v1/user/mfa/type":                                    people,
	"GET /api/v1/user/{user_id}/mfa":                               {fmt.Sprintf("/api/v1/user/%d/mfa", kit.ObserverID), "", 200, 403, 200, 404, 403, 403, 200}, // 3 is the Observer
	"DELETE /api/v1/user/{user_id}/mfa/{key_id}":                   {"/api/v1/user/my/mfa/999", "", 404, 404, 404, 404, 404, 403, 404},
	"GET /api/v1/user/{user_id}/mfa/trusted_device":                {fmt.Sprintf("/api/v1/user/%d/mfa/trusted_device", kit.ObserverID), "", 200, 403, 200, 404, 403, 403, 200},
	"GET /api/v1/user/mfa/trusted_device":                          people,
	"DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}": {"/api/v1/user/my/mfa/trusted_device/999", "", 404, 404, 404, 404, 404, 403, 404},
	"GET /api/v1/application_token":                                keepers,
	"POST /api/v1/application_token":                               keepers.sending(`{"description": "billing"}`),
	"PATCH /api/v1/application_token/{token_id}":                   {"/api/v1/application_token/999", `{"description": "x"}`, 404, 403, 403, 404, 403, 403, 404},

	"GET /api/v1/sim":                                   readers,
	"GET /api/v1/sim/status":                            readers,
	"GET /api/v1/sim/{sim_id}":                          hidden.at(simURL(kit.ActivatedSIM)),
	"PATCH /api/v1/sim/{sim_id}":                        {simURL(kit.ActivatedSIM), `{"status": {"id": 1}}`, 204, 204, 403, 404, 403, 204, 204},
	"GET /api/v1/endpoint":                              readers,
	"POST /api/v1/endpoint":                             {"", newDevice, 201, 201, 403, 422, 403, 201, 201}, // the stranger's Workspace has no such profile
	"GET /api/v1/endpoint/status":                       readers,
	"GET /api/v1/endpoint/{endpoint_id}":                hidden.at(deviceURL(kit.EmptyDevice)),
	"PATCH /api/v1/endpoint/{endpoint_id}":              {deviceURL(kit.EmptyDevice), `{"name": "tracker-8"}`, 204, 204, 403, 404, 403, 204, 204},
	"DELETE /api/v1/endpoint/{endpoint_id}":             {deviceURL(kit.DeviceWithSIM), "", 409, 409, 403, 404, 403, 409, 409}, // it holds a SIM
	"GET /api/v1/endpoint/{endpoint_id}/event":          readers.at(deviceURL(kit.DeviceWithSIM) + "/event"),
	"GET /api/v1/endpoint/{endpoint_id}/connectivity":   hidden.at(deviceURL(kit.EmptyDevice) + "/connectivity"),
	"PATCH /api/v1/endpoint/{endpoint_id}/connectivity": {deviceURL(kit.EmptyDevice) + "/connectivity", `{"location": null}`, 204, 204, 403, 404, 403, 204, 204},
	"POST /api/v2/endpoint/multi":                       {"", strings.TrimSuffix(newDevice, "}") + `, "endpoints": [{}]}`, 201, 201, 403, 422, 403, 201, 201},
	"PATCH /api/v2/endpoint/multi":                      {"", fmt.Sprintf(`[{"id": %d, "name": "tracker-8"}]`, kit.EmptyDevice), 204, 204, 403, 404, 403, 204, 204},
	"DELETE /api/v2/endpoint/multi":                     {"", `[{"id": 9999}]`, 404, 404, 403, 404, 403, 404, 404},
	"GET /api/v1/service_profile":                       readers,
	"GET /api/v1/service_profile/{profile_id}":          hidden.at("/api/v1/service_profile/1"),
	"GET /api/v1/tariff_profile":                        readers,
	"GET /api/v1/tariff_profile/{profile_id}":           hidden.at("/api/v1/tariff_profile/1"),

	"DELETE /api/v1/sim/{sim_id}": {"/api/v1/sim/{fresh}", "", 204, 204, 403, 404, 403, 204, 204},
	"DELETE /api/v1/sim/multi":    {"/api/v1/sim/multi", `[{"id": {fresh}}]`, 204, 204, 403, 404, 403, 204, 204},
	// No caller here knows the code of a batch.
	"GET /api/v1/sim_batch/bic/{bic}":   {"/api/v1/sim_batch/bic/0000000000000000", "", 404, 404, 404, 404, 403, 404, 404},
	"PATCH /api/v1/sim_batch/bic/{bic}": {"/api/v1/sim_batch/bic/0000000000000000", `{"id": 1}`, 422, 422, 403, 422, 403, 422, 422},
	"GET /api/v1/event":                 readers,
	"GET /api/v1/event/type":            readers,
	"GET /api/v1/sim/{sim_id}/history":  hidden.at(simURL(kit.ActivatedSIM) + "/history"),
	"GET /api/v1/sim/{sim_id}/event":    readers.at(simURL(kit.AttachedSIM) + "/event"),
	"GET /api/v1/user/{user_id}/event":  readers.at("/api/v1/user/my/event"),
	"POST /api/v1/sim/migration/workspace": {
		body:          fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetUS, kit.ActivatedSIM),
		administrator: 200, user: 404, observer: 404, stranger: 404, leaver: 403, application: 403, superAdmin: 200,
	},

	"GET /api/v1/migration":                      readers,
	"GET /api/v1/migration/{migration_id}":       hidden,                                                                               // its path is made by the test
	"POST /api/v1/migration/{migration_id}/undo": {"/api/v1/migration/1/undo", `{"dry_run": true}`, 200, 404, 404, 404, 403, 403, 200}, // TestAuthorization undoes a real one

	"GET /api/v1/migration_job":   readers,
	"POST /api/v1/migration_job":  {"", fmt.Sprintf(`{"target_workspace": {"id": %d}, "select": {"sims": [{"id": %d}]}}`, kit.FleetUS, kit.ActivatedSIM), 201, 404, 404, 404, 403, 403, 201},
	"POST /api/v1/sim_status_job": {"", fmt.Sprintf(`{"status": {"id": 1}, "select": {"sims": [{"id": %d}]}}`, kit.ActivatedSIM), 201, 201, 403, 201, 403, 403, 201},
	// No caller here has a job; TestContract_JobRights has.
	"GET /api/v1/migration_job/{job_id}":          {"/api/v1/migration_job/999", "", 404, 404, 404, 404, 403, 404, 404},
	"GET /api/v1/migration_job/{job_id}/sim":      {"/api/v1/migration_job/999/sim", "", 404, 404, 404, 404, 403, 404, 404},
	"GET /api/v1/migration_job/{job_id}/watch":    {"/api/v1/migration_job/999/watch", "", 404, 404, 404, 404, 403, 404, 404},
	"GET /api/v1/sim_status_job/{job_id}/watch":   {"/api/v1/sim_status_job/999/watch", "", 404, 404, 404, 404, 403, 404, 404},
	"POST /api/v1/migration_job/{job_id}/start":   {"/api/v1/migration_job/999/start", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/pause":   {"/api/v1/migration_job/999/pause", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/resume":  {"/api/v1/migration_job/999/resume", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/cancel":  {"/api/v1/migration_job/999/cancel", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/approve": {"/api/v1/migration_job/999/approve", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/reject":  {"/api/v1/migration_job/999/reject", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/retry":   {"/api/v1/migration_job/999/retry", "", 404, 404, 404, 404, 403, 403, 404},
	"POST /api/v1/migration_job/{job_id}/undo":    {"/api/v1/migration_job/999/undo", "", 404, 404, 404, 404, 403, 403, 404},

	"GET /api/v1/receiving_code":              keepers,
	"POST /api/v1/receiving_code":             {"", `{"description": "x", "single_use": false}`, 201, 403, 403, 201, 403, 403, 201},
	"DELETE /api/v1/receiving_code/{code_id}": {"/api/v1/receiving_code/999", "", 404, 403, 403, 404, 403, 403, 404},
	"GET /api/v1/migration_offer":             readers,
	// No caller here has a code or an offer; TestOfferAuthorization has.
	"POST /api/v1/migration_offer":                   {"", fmt.Sprintf(`{"receiving_code": "none", "select": {"sims": [{"id": %d}]}}`, kit.ActivatedSIM), 404, 403, 403, 404, 403, 403, 404},
	"GET /api/v1/migration_offer/{offer_id}":         {"/api/v1/migration_offer/999", "", 404, 404, 404, 404, 403, 404, 404},
	"GET /api/v1/migration_offer/{offer_id}/sim":     {"/api/v1/migration_offer/999/sim", "", 404, 404, 404, 404, 403, 404, 404},
	"POST /api/v1/migration_offer/{offer_id}/accept": {"/api/v1/migration_offer/999/accept", "", 404, 403, 403, 404, 403, 403, 404},
	"POST /api/v1/migration_offer/{offer_id}/refuse": {"/api/v1/migration_offer/999/refuse", "", 404, 403, 403, 404, 403, 403, 404},
	"POST /api/v1/migration_offer/{offer_id}/cancel": {"/api/v1/migration_offer/999/cancel", "", 404, 403, 403, 404, 403, 403, 404},

	"GET /api/v1/migration_request":  readers,
	"POST /api/v1/migration_request": {"", `{"iccids": ["8988303000000000999"]}`, 201, 403, 403, 201, 403, 403, 201},
	// No caller here has made a request or has an inquiry.
	"GET /api/v1/migration_request/{request_id}":           {"/api/v1/migration_request/999", "", 404, 404, 404, 404, 403, 404, 404},
	"POST /api/v1/migration_request/{request_id}/withdraw": {"/api/v1/migration_request/999/withdraw", "", 404, 403, 403, 404, 403, 403, 404},
	"GET /api/v1/migration_inquiry":                        keepers,
	"GET /api/v1/migration_inquiry/{inquiry_id}":           {"/api/v1/migration_inquiry/999", "", 404, 403, 403, 404, 403, 403, 404},
	"POST /api/v1/migration_inquiry/{inquiry_id}/decline":  {"/api/v1/migration_inquiry/999/decline", "", 404, 403, 403, 404, 403, 403, 404},
	"POST /api/v1/migration_inquiry/{inquiry_id}/offer":    {"/api/v1/migration_inquiry/999/offer", "", 404, 403, 403, 404, 403, 403, 404},

	"GET /api/v1/migration_rule":            readers,
	"PUT /api/v1/migration_rule":            {"", `{"rules": []}`, 200, 403, 403, 200, 403, 403, 200},
	"GET /api/v1/country":                   readers,
	"GET /api/v1/organisation/my":           readers,
	"GET /api/v1/organisation/my/setting":   readers,
	"PATCH /api/v1/organisation/my/setting": {"", `{"reason_required": false}`, 200, 403, 403, 200, 403, 403, 200},
	"GET /api/v1/organisation/status":       readers,
	"GET /api/v1/user/role":                 readers,
	"GET /api/v1/user/status":               readers,
	"GET /api/v1/user/{user_id}":            hidden.at(fmt.Sprintf("/api/v1/user/%d", kit.ObserverID)),
	"POST /api/v1/user":                     {"", fmt.Sprintf(`{"username": "root@example.com", "organisation": {"id": %d}}`, kit.FleetDE), 409, 403, 403, 403, 403, 403, 409}, // a member of 100
	"POST /api/v2/user/invitation":          {"", fmt.Sprintf(`{"username": "root@example.com", "organisation": {"id": %d}}`, kit.FleetDE), 409, 403, 403, 403, 403, 403, 409},
	"POST /api/v2/user/activation":          {"", `{"activationKey": "unknown"}`, 403, 403, 403, 403, 403, 403, 403},
	"POST /api/v1/user/activation":          {"", `{"activationKey": "unknown"}`, 400, 400, 400, 400, 400, 400, 400},
	"POST /api/v1/user/password/reset":      {"", `{"username": "unknown@example.com"}`, 204, 204, 204, 204, 204, 204, 204},
	"GET /api/v1/user":                      readers,
	// 3 is the Observer; writes set the current values, so that every caller finds the same
	// state.
	"PATCH /api/v1/user/{user_id}":                                          {fmt.Sprintf("/api/v1/user/%d", kit.ObserverID), `{"name": "Observer"}`, 204, 403, 204, 404, 403, 403, 204},
	"DELETE /api/v1/user/{user_id}":                                         {"/api/v1/user/999", "", 404, 403, 403, 404, 403, 403, 404},
	"GET /api/v1/user/{user_id}/role/permission":                            {fmt.Sprintf("/api/v1/user/%d/role/permission", kit.ObserverID), "", 200, 200, 200, 404, 403, 403, 200},
	"PUT /api/v1/user/{user_id}/role/{role_id}":                             {fmt.Sprintf("/api/v1/user/%d/role/3", kit.ObserverID), "", 204, 403, 403, 404, 403, 403, 204},
	"DELETE /api/v1/user/{user_id}/role/{role_id}":                          {fmt.Sprintf("/api/v1/user/%d/role/1", kit.ObserverID), "", 404, 403, 403, 404, 403, 403, 404},
	"PATCH /api/v2/user/{user_id}/workspace/{workspace_id}":                 {memberURL(kit.ObserverID, kit.FleetDE), `{"status": {"id": 1}}`, 204, 403, 403, 404, 403, 403, 204},
	"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}":                {fmt.Sprintf("/api/v2/user/999/workspace/%d", kit.FleetDE), "", 404, 403, 403, 404, 403, 403, 404},
	"PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}":    {memberURL(kit.ObserverID, kit.FleetDE) + "/role/3", "", 204, 403, 403, 404, 403, 403, 204},
	"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}": {memberURL(kit.ObserverID, kit.FleetDE) + "/role/1", "", 404, 403, 403, 404, 403, 403, 404},
	"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}":        {fmt.Sprintf("/api/v2/user/my/default_organisation/%d", kit.FleetDE), "", 200, 200, 200, 403, 200, 403, 200},
	"GET /api/v2/user/my/membership":                                        {"/api/v2/user/my/membership", "", 200, 200, 200, 200, 200, 403, 200},
	"GET /api/v2/user/{user_id}/workspace":                                  {"/api/v2/user/my/workspace", "", 200, 200, 200, 200, 200, 403, 200},
	"GET /api/v1/audit":                                                     keepers,
}

func TestEveryOperationHasARow(t *testing.T) {
	known := make(map[string]bool)
	for _, r := range httpapi.Routes() {
		known[r.Pattern] = true
		if _, ok := accesses[r.Pattern]; !ok {
			t.Errorf("%s: add the access of each role to accesses", r.Pattern)
		}
	}
	for pattern := range accesses {
		if !known[pattern] {
			t.Errorf("%s: there is no such operation", pattern)
		}
	}
}

// callers signs all callers in; some lose their permissions afterwards.
func callers(s *kit.Server) (valid map[string]*kit.Client, invalid map[string]*kit.Client) {
	expired := s.As("observer@example.com")
	s.Clock.Advance(beyond)
	s.SignOut()
	revoked, live := newApplicationToken(s, control.NewToken{}), newApplicationToken(s, control.NewToken{})
	valid = map[string]*kit.Client{
		"administrator": s.As("admin@example.com"), "user": s.As("user@example.com"), "observer": s.As("observer@example.com"),
		"stranger": s.As("stranger@example.com"), "leaver": s.As("target@example.com"), "application": application(s, live),
		"superadmin": s.As("root@example.com"), "of a suspended Workspace": s.As("shut@example.com"),
	}
	invalid = map[string]*kit.Client{
		"nobody": s.Anonymous(), "garbage": withBearer(s, "garbage"), "expired": expired, "suspended": s.As("issuer@example.com"),
		"revoked": application(s, revoked), "wrong scheme": s.Anonymous().With("Authorization", "Basic "+valid["administrator"].Token),
		"application token": withBearer(s, live.Text), // must be exchanged, not a bearer
		"barred":            s.As("barred@example.com"),
	}
	invalid["barred"].Get("/api/v1/organisation/my").Is(http.StatusOK)
	invalid["suspended"].Get("/api/v1/organisation/my").Is(http.StatusOK)
	invalid["revoked"].Get("/api/v1/organisation/my").Is(http.StatusOK)
	suspend(s, kit.IssuerAdminID)
	s.SetMember(33, kit.FleetDE, fleet.UserSuspended, fleet.Administrator)
	revoke(s, revoked.ID)
	s.SetRole(kit.TargetAdminID, kit.FleetFR, fleet.NoRole)
	return valid, invalid
}

func TestAuthorization(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e).Seed(oddPeople)
		valid, invalid := callers(s)
		// A user who must add a second factor first, by the settings of another server.
		newcomer := onServer(kit.StartWith(t, s.DB, s.Clock, control.Options{RequireMFA: control.DemandAdministrators, Deliver: control.DeliverByMail, TerminalPage: "/terminal"}), s.As("newcomer@example.com"))
		tried := 0
		entry := valid["administrator"].Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1000}], "dry_run": false}`, kit.FleetUS)).Is(http.StatusOK)
		routes := httpapi.Routes()
		isLogout := func(r httpapi.Route) bool { return r.Pattern == "POST /api/v1/logout" } // afterwards the caller has no access
		for _, r := range slices.Concat(slices.DeleteFunc(slices.Clone(routes), isLogout), routes[slices.IndexFunc(routes, isLogout):][:1]) {
			row := accesses[r.Pattern]
			if r.Pattern == "GET /api/v1/migration/{migration_id}" {
				row.path = entry.Header.Get("Location")
			}
			if r.Pattern == "POST /api/v1/migration/{migration_id}/undo" {
				row.path = undo(entry)
			}
			for caller, want := range row.columns() {
				expect(t, r, row, caller, valid[caller], want)
			}
			expect(t, r, row, "newcomer", newcomer, row.enrolling(r.Need))
			tried += len(valid) + len(invalid) + 1
			if len(row.columns()) != len(valid) {
				t.Fatalf("%d columns for %d callers", len(row.columns()), len(valid))
			}
			for caller, c := range invalid {
				want := http.StatusUnauthorized
				if r.Need == identity.Public {
					want = row.administrator
				}
				expect(t, r, row, caller, c, want)
			}
		}
		t.Logf("%d operations, each as %d callers: %d requests", len(routes), tried/len(routes), tried)
	})
}

// oddPeople defines an Administrator of a suspended Workspace, one without a required second
// factor, and one who will be suspended in the Workspace.
const oddPeople = `
users:
  - {id: 32, username: shut@example.com, name: Shut, password: correct horse, default_workspace: 500, roles: {500: administrator}}
  - {id: 33, username: barred@example.com, name: Barred, password: correct horse, default_workspace: 100, roles: {100: administrator}}
  - {id: 34, username: newcomer@example.com, name: Newcomer, password: correct horse, default_workspace: 100, roles: {100: administrator}}
`

// enrolling has the statuses for an Administrator who must add a second factor first: only
// operations on the own account are allowed.
func (a access) enrolling(need identity.Permission) int {
	ofAnother := strings.HasPrefix(a.path, fmt.Sprintf("/api/v1/user/%d", kit.ObserverID))
	if need == identity.Public || need == identity.WriteOwn && !ofAnother {
		return a.administrator
	}
	return http.StatusForbidden
}

func (a access) columns() map[string]int {
	return map[string]int{
		"administrator": a.administrator, "user": a.user, "observer": a.observer, "stranger": a.stranger,
		"leaver": a.leaver, "application": a.application, "superadmin": a.superAdmin, "of a suspended Workspace": a.stranger,
	}
}

// expect sends the request of a row and compares the status and the form of a refusal.
func expect(t *testing.T, r httpapi.Route, row access, caller string, c *kit.Client, want int) {
	t.Helper()
	method, path, _ := strings.Cut(r.Pattern, " ")
	if row.path != "" {
		path = row.path
	}
	var body any
	if row.body != "" {
		body = fresh(row.body)
	}
	got := c.Do(method, fresh(path), body)
	if got.Status != want {
		t.Errorf("%s as %s: %d, want %d: %.200s", r.Pattern, caller, got.Status, want, got.Body)
		return
	}
	switch want {
	case http.StatusUnauthorized:
		if got.Header.Get("WWW-Authenticate") != "Bearer" || !strings.HasPrefix(string(got.Body), `{"message":"`) {
			t.Errorf("%s as %s: %v %s", r.Pattern, caller, got.Header, got.Body)
		}
	case http.StatusForbidden:
		wantCode(t, got, want, 1104)
	case http.StatusNotFound:
		code := 1201
		if strings.Contains(r.Pattern, "/endpoint/") { // the contract has a code of its own for devices
			code = 1401
		}
		wantCode(t, got, want, code)
	}
}

var used atomic.Int64

// fresh inserts a SIM of Workspace 100 that no earlier request used.
func fresh(text string) string {
	if !strings.Contains(text, "{fresh}") {
		return text
	}
	return strings.ReplaceAll(text, "{fresh}", fmt.Sprint(1001+used.Add(1)%599))
}
